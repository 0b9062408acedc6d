/**
 * ChirpStack 4 events: LoRaWAN devices behind one network server (docs: Integrations → Events, JSON marshaler).
 *
 * Owns the deduplication ids seen lately, since an event may be delivered twice. What a codec decoded (`object`) are the readings;
 * without a codec in the device profile there is nothing to read, and the fault says so.
 */
import { BoundedMap } from './bounded-map.ts';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, faultNotJson, type MetricShape } from './finding-list.ts';
import { flattenJson } from './flatten-json.ts';
import { inferMetric } from './infer-metric.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  memberOf,
  numberOf,
  readJson,
  readTime,
  textOf,
} from './read-payload.ts';

/** A prefix, such as the region's, may stand in front. */
const topicPattern = /^(?:[^/]+\/)?application\/([^/]+)\/device\/([0-9a-fA-F]{16})\/event\/([a-z]+)$/;
const remembered = 10_000;
const levels: ReadonlyMap<string, 'info' | 'warning' | 'error'> = new Map([
  ['INFO', 'info'],
  ['WARNING', 'warning'],
  ['ERROR', 'error'],
]);

export const chirpstack: Dialect = {
  name: 'chirpstack',
  title: 'ChirpStack',
  topics: ['application/#', '+/application/#'],
  owned: [/^((?:[^/]+\/)?application\/[^/]+)\/device\//],
  open: () => new ChirpstackReader(),
};

class ChirpstackReader implements DialectReader {
  readonly #seen = new BoundedMap<string, true>(remembered);

  matches({ topic }: Publication): boolean {
    return topicPattern.test(topic);
  }

  read({ topic, payload }: Publication): readonly Finding[] {
    const [, application = '', eui = '', event = ''] = topicPattern.exec(topic) ?? [];
    const device = eui.toLowerCase();
    const json = readJson(payload);
    if (!isObject(json)) {
      return faultNotJson(device, 'the integration must marshal JSON, not Protobuf: json=true in its configuration');
    }
    const id = textOf(json, 'deduplicationId');
    const key = `${event} ${(id ?? '').slice(0, 64)}`;
    if (id !== undefined && this.#seen.has(key)) return [];
    if (id !== undefined) this.#seen.set(key, true);
    const list = new FindingList();
    const timeMs = readTime(memberOf(json, 'time'));
    list.time = { timeMs };
    const info = memberOf(json, 'deviceInfo');
    // The application first, which is what connected: it speaks for its devices and is none of them.
    const via = `application:${application}`;
    list.facts(via, { name: textOf(info, 'applicationName'), maker: 'ChirpStack' });
    list.facts(device, {
      via,
      name: textOf(info, 'deviceName'),
      model: textOf(info, 'deviceProfileName'),
      address: device,
    });
    readEvent(list, { device, application, timeMs }, { event, json });
    return list.findings;
  }
}

interface Place {
  readonly device: string;
  readonly application: string;
  readonly timeMs: number | null;
}

function readEvent(list: FindingList, place: Place, { event, json }: { event: string; json: JsonObject }): void {
  const { device, timeMs } = place;
  const say = (shape: MetricShape, value: Json | undefined): void => {
    if (typeof value === 'number' || typeof value === 'boolean') list.reading(device, shape, value);
  };
  if (event === 'up') readUplink(list, place, json);
  else if (event === 'status') {
    const isKnown =
      memberOf(json, 'batteryLevelUnavailable') !== true && memberOf(json, 'externalPowerSource') !== true;
    if (isKnown) say({ metric: 'battery', unit: '%', kind: 'gauge' }, numberOf(json, 'batteryLevel'));
    say({ metric: 'external_power', unit: '', kind: 'bool' }, memberOf(json, 'externalPowerSource'));
    say({ metric: 'lora.margin', unit: 'dB', kind: 'gauge' }, memberOf(json, 'margin'));
  } else if (event === 'join') {
    list.availability(device, 'online');
    list.event(device, 'info', {
      code: 'joined',
      text: `Joined the network as ${textOf(json, 'devAddr') ?? 'an unknown address'}`,
      timeMs,
    });
  } else if (event === 'log') {
    const level = levels.get(textOf(json, 'level') ?? '') ?? 'info';
    const code = (textOf(json, 'code') ?? 'log').toLowerCase();
    list.event(device, level, { code, text: textOf(json, 'description') ?? code, timeMs });
  } else if (event === 'ack') {
    const word = memberOf(json, 'acknowledged') === true ? 'acknowledged' : 'not acknowledged';
    list.event(device, 'debug', { code: 'downlink', text: `A downlink was ${word}`, timeMs });
  } else if (event === 'location') {
    const location = memberOf(json, 'location');
    say({ metric: 'latitude', unit: '°', kind: 'gauge' }, memberOf(location, 'latitude'));
    say({ metric: 'longitude', unit: '°', kind: 'gauge' }, memberOf(location, 'longitude'));
    say({ metric: 'altitude', unit: 'm', kind: 'gauge' }, memberOf(location, 'altitude'));
  } else if (event !== 'txack' && event !== 'integration') {
    list.fault(device, 'unsupported', `the event ${event} is not known`);
  }
}

function readUplink(list: FindingList, { device, application }: Place, json: JsonObject): void {
  const object = memberOf(json, 'object');
  if (isObject(object)) {
    const flat = flattenJson(object);
    for (const { name, value } of flat.values) list.reading(device, inferMetric(name, value), value);
    if (flat.isCut)
      list.fault(device, 'too-large', 'the decoded object has more than 1,000 values or is nested too deeply');
  } else if (textOf(json, 'data') !== undefined) {
    list.fault(device, 'unsupported', 'the payload is not decoded: give the device profile a codec in ChirpStack');
  }
  const receptions = memberOf(json, 'rxInfo');
  const best = Array.isArray(receptions)
    ? (receptions as readonly Json[]).slice(0, 64).reduce<Json | undefined>((known, one) => {
        const rssi = numberOf(one, 'rssi') ?? Number.NEGATIVE_INFINITY;
        return known === undefined || rssi > (numberOf(known, 'rssi') ?? Number.NEGATIVE_INFINITY) ? one : known;
      }, undefined)
    : undefined;
  const say = (shape: MetricShape, value: number | undefined): void => {
    if (value !== undefined) list.reading(device, shape, value);
  };
  say({ metric: 'lora.rssi', unit: 'dBm', kind: 'gauge' }, numberOf(best, 'rssi'));
  say({ metric: 'lora.snr', unit: 'dB', kind: 'gauge' }, numberOf(best, 'snr'));
  say({ metric: 'lora.gateways', unit: '', kind: 'gauge' }, Array.isArray(receptions) ? receptions.length : undefined);
  // The frame's number: its growth per second tells nobody anything.
  say({ metric: 'lora.frames', unit: '', kind: 'gauge' }, numberOf(json, 'fCnt'));
  say({ metric: 'lora.data_rate', unit: '', kind: 'gauge' }, numberOf(json, 'dr'));
  list.command(device, {
    command: 'downlink',
    topic: `application/${application}/device/${device}/command/down`,
    payload: JSON.stringify({ devEui: device, confirmed: false, fPort: numberOf(json, 'fPort') ?? 1, data: '{value}' }),
    kind: 'text',
  });
}
