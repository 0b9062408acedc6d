/**
 * Shelly Gen2 and later over MQTT: `<prefix>/events/rpc` notifications, `<prefix>/status/…`, `<prefix>/online` (API docs: Mqtt,
 * Notifications, RPC Protocol).
 *
 * Owns which prefixes were seen and which of them sleep. A notification tells only what changed; each field in it is a reading of
 * its own, so nothing needs to be overlaid. What did not change since the hub started is asked for: a device that comes online gets
 * `Shelly.GetStatus`, and answers on a topic of the hub's. A device is named by its prefix, which is its id unless changed.
 */
import { BoundedMap } from './bounded-map.ts';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { FindingList, faultNotJson } from './finding-list.ts';
import {
  isObject,
  type Json,
  type JsonObject,
  memberOf,
  numberOf,
  readJson,
  readText,
  readTime,
  textOf,
} from './read-payload.ts';
import { isShellyComponent, readComponent, readComponentErrors } from './shelly-components.ts';

const devicesMax = 5_000;
const componentsMax = 100;
/** Where devices answer the hub's requests: they add `/rpc` to the `src` that they were asked by. */
const replyBase = 'shelly-reply';
const usualId = /(^|\/)shelly[a-z0-9]+-[0-9a-f]{6,12}$/i;
const statusId = 1;
const infoId = 2;
const commandId = 3;

type TopicRole =
  | { readonly device: string; readonly part: 'online' | 'events' | 'reply' }
  | { readonly device: string; readonly part: 'status'; readonly component: string };

export const shellyGen2: Dialect = {
  name: 'shelly',
  title: 'Shelly (Gen2 and later)',
  topics: ['+/events/rpc', '+/status/+', '+/online', `${replyBase}/#`],
  owned: [
    /^shelly-reply\/(.+)\/rpc$/,
    /^((?:.*\/)?shelly[a-z0-9]+-[0-9a-f]{6,12})(?:\/|$)/i,
    /^(.+)\/events\/rpc$/,
    /^(.+)\/rpc$/,
  ],
  open: () => new ShellyGen2Reader(),
};

interface ShellyDevice {
  sleeps: boolean;
  hasSwitches: Set<string>;
}

class ShellyGen2Reader implements DialectReader {
  readonly #devices = new BoundedMap<string, ShellyDevice>(devicesMax);

  matches({ topic }: Publication): boolean {
    return this.#roleOf(topic) !== null;
  }

  read({ topic, payload }: Publication): readonly Finding[] {
    const role = this.#roleOf(topic);
    if (role === null) return [];
    const list = new FindingList();
    if (role.part === 'online') {
      this.#readOnline(list, role.device, readText(payload)?.trim() ?? '');
      return list.findings;
    }
    const json = readJson(payload);
    if (!isObject(json))
      return faultNotJson(role.device, 'Shelly sends objects, such as {"method":"NotifyStatus","params":{…}}');
    if (role.part === 'status') this.#readStatus(list, role.device, { [role.component]: json });
    else if (role.part === 'reply') this.#readReply(list, role.device, json);
    else this.#readNotification(list, role.device, json);
    return list.findings;
  }

  #roleOf(topic: string): TopicRole | null {
    if (topic.startsWith(`${replyBase}/`)) {
      const device = topic.endsWith('/rpc') ? topic.slice(replyBase.length + 1, -'/rpc'.length) : '';
      return device === '' ? null : { device, part: 'reply' };
    }
    if (topic.endsWith('/events/rpc')) {
      const device = topic.slice(0, -'/events/rpc'.length);
      return device === '' ? null : { device, part: 'events' };
    }
    if (topic.endsWith('/online')) {
      const device = topic.slice(0, -'/online'.length);
      // Gen1 devices share the word, under `shellies/`.
      return !device.startsWith('shellies/') && (this.#devices.has(device) || usualId.test(device))
        ? { device, part: 'online' }
        : null;
    }
    const found = /^(.+)\/status\/([a-z0-9]+(?::\d{1,4})?)$/.exec(topic);
    const [, device = '', component = ''] = found ?? [];
    const isOurs = (this.#devices.has(device) || usualId.test(device)) && isShellyComponent(component);
    return isOurs ? { device, part: 'status', component } : null;
  }

  #open(device: string): ShellyDevice {
    return this.#devices.open(device, () => ({ sleeps: false, hasSwitches: new Set() }));
  }

  #readOnline(list: FindingList, device: string, word: string): void {
    const known = this.#open(device);
    if (word === 'true') {
      list.availability(device, 'online');
      askForStatus(list, device);
    } else if (word === 'false') list.availability(device, known.sleeps ? 'asleep' : 'offline');
    else list.fault(device, 'wrong-shape', 'online says neither true nor false');
  }

  #readNotification(list: FindingList, device: string, json: JsonObject): void {
    const method = textOf(json, 'method');
    const params = memberOf(json, 'params');
    if (method === undefined || !isObject(params)) {
      list.fault(device, 'wrong-shape', 'a notification has a method (NotifyStatus, NotifyEvent) and params');
      return;
    }
    const isNew = !this.#devices.has(device);
    list.time = { timeMs: readTime(memberOf(params, 'ts')) };
    if (method === 'NotifyEvent') readEvents(list, device, params);
    else if (method === 'NotifyStatus' || method === 'NotifyFullStatus') this.#readStatus(list, device, params);
    else list.fault(device, 'unsupported', `the notification ${method} is not known`);
    // The first word from a device that was there before the hub: what does not change would never be told.
    if (isNew && method !== 'NotifyFullStatus') askForStatus(list, device);
  }

  #readReply(list: FindingList, device: string, json: JsonObject): void {
    const result = memberOf(json, 'result');
    const id = numberOf(json, 'id');
    if (isObject(result) && id === statusId) this.#readStatus(list, device, result);
    else if (isObject(result) && id === infoId) {
      list.facts(device, {
        name: textOf(result, 'name'),
        model: textOf(result, 'app') ?? textOf(result, 'model'),
        maker: 'Shelly',
        firmware: textOf(result, 'ver'),
      });
    } else if (isObject(memberOf(json, 'error'))) {
      const why = textOf(memberOf(json, 'error'), 'message') ?? 'no reason given';
      list.event(device, 'warning', { code: 'rpc-refused', text: `The device refused a request: ${why}` });
    }
  }

  #readStatus(list: FindingList, device: string, status: JsonObject): void {
    const known = this.#open(device);
    for (const [key, component] of Object.entries(status).slice(0, componentsMax)) {
      if (!isObject(component)) continue;
      for (const { shape, value } of readComponent(key, component)) list.reading(device, shape, value);
      for (const error of readComponentErrors(component)) {
        list.event(device, 'warning', {
          code: error,
          text: `${key} reports ${error}`,
          timeMs: list.time.timeMs ?? null,
        });
      }
      if (/^switch:\d{1,4}$/.test(key) && !known.hasSwitches.has(key) && known.hasSwitches.size < 16) {
        known.hasSwitches.add(key);
        offerSwitch(list, device, key);
      }
    }
    const period = numberOf(memberOf(status, 'sys'), 'wakeup_period') ?? 0;
    if (period > 0) {
      known.sleeps = true;
      list.availability(device, 'asleep');
    }
    list.facts(device, {
      address: textOf(memberOf(status, 'wifi'), 'sta_ip') ?? textOf(memberOf(status, 'eth'), 'ip'),
    });
  }
}

function askForStatus(list: FindingList, device: string): void {
  const ask = (id: number, method: string): void =>
    list.reply(`${device}/rpc`, JSON.stringify({ id, src: `${replyBase}/${device}`, method }), { qos: 1 });
  ask(statusId, 'Shelly.GetStatus');
  ask(infoId, 'Shelly.GetDeviceInfo');
}

function offerSwitch(list: FindingList, device: string, key: string): void {
  const id = key.slice('switch:'.length);
  const metric = id === '0' ? 'switch' : `switch_${id}`;
  const src = JSON.stringify(`${replyBase}/${device}`);
  list.command(device, {
    command: metric,
    topic: `${device}/rpc`,
    payload: `{"id":${commandId},"src":${src},"method":"Switch.Set","params":{"id":${id},"on":{value}}}`,
    kind: 'bool',
    metric,
    on: 'true',
    off: 'false',
  });
}

function readEvents(list: FindingList, device: string, params: JsonObject): void {
  const events = memberOf(params, 'events');
  if (!Array.isArray(events)) {
    list.fault(device, 'wrong-shape', 'NotifyEvent has a list of events');
    return;
  }
  for (const event of (events as readonly Json[]).slice(0, 32)) {
    const name = textOf(event, 'event');
    if (name === undefined) continue;
    const component = textOf(event, 'component') ?? 'device';
    const level = name === 'config_changed' ? 'debug' : 'info';
    list.event(device, level, { code: name, text: `${component}: ${name}`, timeMs: readTime(memberOf(event, 'ts')) });
  }
}
