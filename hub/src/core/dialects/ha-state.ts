/**
 * What an entity of Home Assistant discovery says: one payload through the templates of its channels and attributes.
 *
 * Owns no state.
 */
import type { Publication } from './dialect.ts';
import type { FindingList } from './finding-list.ts';
import { flattenJson } from './flatten-json.ts';
import type { HaChannel, HaEntity } from './ha-entity.ts';
import { inferMetric } from './infer-metric.ts';
import { isObject, type Json, readNumber, readSwitch } from './read-payload.ts';
import { renderTemplate } from './value-template.ts';

/** What Home Assistant takes for "no value". */
const nothing = /^(|none|null|unknown|unavailable|nan|-)$/i;

export interface Spoken extends Publication {
  readonly text: string;
  readonly json: Json | undefined;
  readonly said: Set<string>;
}

/** Whether it said something. */
export function readChannel(list: FindingList, channel: HaChannel, from: Spoken & { device: string }): boolean {
  const value = channel.template === null ? from.text : renderTemplate(channel.template, from.text, from.json);
  // Asked for what this payload has not got: many entities share a topic, and a message tells of some of them.
  if (value === undefined || value === null) return false;
  const { device } = from;
  const { metric, unit } = channel;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (nothing.test(text.trim())) return false;
  channel.kind ??= readNumber(text) === null ? 'text' : 'gauge';
  const shape = { metric, unit, kind: channel.kind };
  if (channel.kind === 'text') list.reading(device, shape, text);
  else if (channel.kind === 'bool') {
    const word = text === channel.on ? true : text === channel.off ? false : readSwitch(text);
    if (word === null) {
      const expected = `${channel.on} or ${channel.off}`;
      list.fault(device, 'wrong-shape', `${metric} says ${JSON.stringify(text.slice(0, 40))} and not ${expected}`);
      return false;
    }
    list.reading(device, shape, word);
  } else list.reading(device, shape, readNumber(text) ?? text);
  return true;
}

export function readAttributes(list: FindingList, entity: HaEntity, from: Spoken): void {
  const { attributesTemplate: template } = entity;
  const json = template === null ? from.json : renderTemplate(template, from.text, from.json);
  const metric = entity.channels[0]?.metric;
  if (metric === undefined || !isObject(json)) return;
  for (const { name, value } of flattenJson(json).values.slice(0, 64)) {
    list.reading(entity.device, inferMetric(`${metric}.${name}`, value), value);
  }
}
