/**
 * Home Assistant's MQTT discovery, from the side of Home Assistant: what announces itself there announces itself here (ESPHome
 * and hundreds of others).
 *
 * Owns the entities announced, by the topics that speak of them, and which of their devices are reachable; all bounded. An entity whose
 * values stop for longer than its `expire_after` takes its device offline when no other entity of it speaks. What Zigbee2MQTT
 * announces here is left to its own dialect, which knows more of it.
 */
import { BoundedMap } from './bounded-map.ts';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { esphomePattern, readEsphome, readLogLine } from './esphome.ts';
import { FindingList, faultNotJson } from './finding-list.ts';
import { expandConfig, parseConfigTopic } from './ha-config.ts';
import { type HaEntity, readEntity } from './ha-entity.ts';
import { readAttributes, readChannel, type Spoken } from './ha-state.ts';
import { isObject, memberOf, parseJson, readJson, readText, textOf } from './read-payload.ts';
import { renderTemplate } from './value-template.ts';

const entitiesMax = 10_000;
/** Of one entity; the device form has many. */
const configBytesMax = 16_384;
const deviceConfigBytesMax = 524_288;
const topicCharsMax = 512;
const entitiesOfTopicMax = 512;
const devicesMax = 5_000;
/** An entity speaks by the credential that announced it: else a neighbour could announce another's topics as its own. */
interface Announced extends HaEntity {
  readonly sender: string | null;
}

/** What is known of whether a device is there. */
interface DeviceState {
  readonly saysOnline: Map<string, boolean>;
  /** Newest arrival of an entity that expires; 0 for none yet. */
  lastMs: number;
  expireAfterMs: number;
  isExpired: boolean;
}

export const homeAssistant: Dialect = {
  name: 'home-assistant',
  title: 'Home Assistant discovery',
  topics: ['homeassistant/#', 'esphome/#'],
  owned: [/^homeassistant\/[^/]+\/([^/]+)\/[^/]+\/config$/, /^esphome\/discover\/([^/]+)$/],
  hubOnly: ['homeassistant/status'],
  introduces: [/^[^/]+\/[^/]+\/(?:[^/]+\/)?[^/]+\/config$/, /^esphome\/discover\//],
  open: () => new HomeAssistantReader(),
};

class HomeAssistantReader implements DialectReader {
  /** By discovery topic (and component of the device form). */
  readonly #entities = new BoundedMap<string, Announced>(entitiesMax);
  readonly #ofConfig = new BoundedMap<string, readonly string[]>(entitiesMax);
  readonly #byTopic = new Map<string, Set<Announced>>();
  readonly #devices = new BoundedMap<string, DeviceState>(devicesMax);
  readonly #logTopics = new BoundedMap<string, Pick<Announced, 'device' | 'sender'>>(devicesMax);

  matches({ topic, sender }: Publication): boolean {
    return (
      this.#entitiesOf(topic, sender).length > 0 ||
      this.#logTopics.get(topic)?.sender === sender ||
      parseConfigTopic(topic) !== null ||
      esphomePattern.test(topic)
    );
  }

  read(publication: Publication): readonly Finding[] {
    const { topic, payload } = publication;
    if (parseConfigTopic(topic) !== null) return this.#readConfig(publication);
    if (esphomePattern.test(topic)) return readEsphome(payload);
    const list = new FindingList();
    const logger = this.#logTopics.get(topic);
    if (logger !== undefined && logger.sender === publication.sender) readLogLine(list, logger.device, payload);
    const entities = this.#entitiesOf(topic, publication.sender);
    const [first] = entities;
    if (first === undefined) return list.findings;
    const text = readText(payload);
    if (text === null) {
      list.fault(first.device, 'wrong-shape', `what came on ${topic} is not text in UTF-8`);
      return list.findings;
    }
    const json = parseJson(text);
    const said = new Set<string>();
    for (const entity of entities) this.#readEntity(list, entity, { ...publication, text, json, said });
    return list.findings;
  }

  sweep(nowMs: number): readonly Finding[] {
    const list = new FindingList();
    for (const [device, state] of this.#devices.entries()) {
      if (state.isExpired || state.lastMs === 0 || nowMs - state.lastMs <= state.expireAfterMs) continue;
      state.isExpired = true;
      list.availability(device, 'offline');
    }
    return list.findings;
  }

  #entitiesOf(topic: string, sender: string | null): Announced[] {
    const entities = this.#byTopic.get(topic);
    return entities === undefined ? [] : [...entities].filter((entity) => entity.sender === sender);
  }

  #readConfig({ topic, payload, sender }: Publication): readonly Finding[] {
    const place = parseConfigTopic(topic)!;
    const gone = this.#forget(topic);
    const list = new FindingList();
    if (payload.length === 0) {
      for (const device of gone) if (!this.#isKnown(device)) list.availability(device, 'offline');
      return list.findings;
    }
    if (payload.length > (place.component === 'device' ? deviceConfigBytesMax : configBytesMax)) {
      list.fault(
        null,
        'too-large',
        `a discovery config has at most ${configBytesMax} bytes (${deviceConfigBytesMax} in the device form)`,
      );
      return list.findings;
    }
    const json = readJson(payload);
    if (!isObject(json)) return faultNotJson(null, 'a discovery config is an object with a state_topic');
    const origin = textOf(memberOf(json, 'o') ?? memberOf(json, 'origin'), 'name') ?? '';
    if (/^zigbee2mqtt$/i.test(origin)) return [];
    const configs = expandConfig(place, json);
    if (configs.length === 0) {
      const text = 'a discovery of the device form lists its components in cmps, each with its platform p';
      list.fault(null, 'wrong-shape', text);
    }
    const keys: string[] = [];
    const introduced = new Set<string>();
    for (const one of configs) {
      const entity = readEntity(one);
      if (entity === null) continue;
      if (typeof entity === 'string') list.fault(null, 'unsupported', entity);
      else {
        const key = `${topic} ${one.object}`;
        if (!introduced.has(entity.device)) list.facts(entity.device, entity.facts);
        introduced.add(entity.device);
        this.#add(list, key, { ...entity, sender });
        keys.push(key);
      }
    }
    this.#ofConfig.set(topic, keys);
    return list.findings;
  }

  #add(list: FindingList, key: string, entity: Announced): void {
    for (const topic of topicsOf(entity)) {
      const known = this.#byTopic.get(topic);
      if (topic.length > topicCharsMax) {
        list.fault(entity.device, 'too-large', `a topic has at most ${topicCharsMax} characters here`);
        return;
      }
      if (known !== undefined && known.size >= entitiesOfTopicMax) {
        list.fault(entity.device, 'too-large', `more than ${entitiesOfTopicMax} entities share the topic ${topic}`);
        return;
      }
    }
    const evicted = this.#entities.set(key, entity);
    if (evicted !== undefined) this.#unlink(evicted);
    for (const topic of topicsOf(entity)) {
      const known = this.#byTopic.get(topic);
      if (known === undefined) this.#byTopic.set(topic, new Set([entity]));
      else known.add(entity);
    }
    for (const { metric, unit, kind } of entity.channels) {
      if (kind !== null) list.metric(entity.device, { metric, unit, kind }, entity);
    }
    for (const command of entity.commands) list.command(entity.device, command);
    for (const { topic } of entity.availability) {
      // ESPHome's birth and will; its log is beside it.
      if (/^esphome\b/i.test(entity.facts.firmware ?? '') && topic.endsWith('/status')) {
        this.#logTopics.set(`${topic.slice(0, -'/status'.length)}/debug`, entity);
      }
    }
  }

  /** Takes away what `topic` announced; returns whose it was. */
  #forget(topic: string): Set<string> {
    const devices = new Set<string>();
    for (const key of this.#ofConfig.get(topic) ?? []) {
      const entity = this.#entities.get(key);
      if (entity === undefined) continue;
      this.#entities.delete(key);
      this.#unlink(entity);
      devices.add(entity.device);
    }
    this.#ofConfig.delete(topic);
    return devices;
  }

  #isKnown(device: string): boolean {
    for (const entity of this.#entities.values()) if (entity.device === device) return true;
    return false;
  }

  #unlink(entity: Announced): void {
    for (const topic of topicsOf(entity)) {
      const known = this.#byTopic.get(topic);
      known?.delete(entity);
      if (known?.size === 0) this.#byTopic.delete(topic);
    }
  }

  #readEntity(list: FindingList, entity: HaEntity, from: Spoken): void {
    for (const channel of entity.channels) {
      if (channel.topic === from.topic && readChannel(list, channel, { ...from, device: entity.device })) {
        this.#noteFresh(list, entity, from);
      }
    }
    for (const one of entity.availability) {
      if (one.topic !== from.topic) continue;
      const word = one.template === null ? from.text : renderTemplate(one.template, from.text, from.json);
      if (String(word) === one.online) this.#noteAvailable(list, entity, { ...from, isOnline: true });
      else if (String(word) === one.offline) this.#noteAvailable(list, entity, { ...from, isOnline: false });
    }
    if (entity.attributesTopic === from.topic) readAttributes(list, entity, from);
  }

  #noteFresh(list: FindingList, entity: HaEntity, from: Spoken): void {
    if (entity.expireAfterMs === 0 || from.isLastKnown) return;
    const state = this.#openState(entity.device);
    state.lastMs = Math.max(state.lastMs, from.arrivedMs);
    state.expireAfterMs = Math.max(state.expireAfterMs, entity.expireAfterMs);
    if (state.isExpired) list.availability(entity.device, 'online');
    state.isExpired = false;
  }

  #noteAvailable(list: FindingList, entity: HaEntity, from: Spoken & { isOnline: boolean }): void {
    const state = this.#openState(entity.device);
    if (state.saysOnline.size < 16 || state.saysOnline.has(from.topic)) state.saysOnline.set(from.topic, from.isOnline);
    const all = [...state.saysOnline.values()];
    const isOnline =
      entity.availabilityMode === 'all'
        ? all.every(Boolean)
        : entity.availabilityMode === 'any'
          ? all.some(Boolean)
          : from.isOnline;
    // Ten entities of a device hear the same word.
    const key = `availability of ${entity.device}`;
    if (!from.said.has(key)) list.availability(entity.device, isOnline ? 'online' : 'offline');
    from.said.add(key);
  }

  #openState(device: string): DeviceState {
    return this.#devices.open(device, () => ({ saysOnline: new Map(), lastMs: 0, expireAfterMs: 0, isExpired: false }));
  }
}

function topicsOf(entity: HaEntity): Set<string> {
  const topics = [...entity.channels.map(({ topic }) => topic), ...entity.availability.map(({ topic }) => topic)];
  return new Set(entity.attributesTopic === null ? topics : [...topics, entity.attributesTopic]);
}
