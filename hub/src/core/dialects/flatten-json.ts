/**
 * From nested JSON to named values: `{"wifi":{"rssi":-61}}` is `wifi.rssi`.
 *
 * Owns no state. Bounded in depth and in number; nulls say nothing, and arrays count from 0.
 */
import type { Json } from './read-payload.ts';
import { cleanText } from './read-payload.ts';

export interface FlatValue {
  readonly name: string;
  readonly value: number | string | boolean;
}

const depthMax = 6;
const valuesMax = 1_000;
const nameBytesMax = 128;

export interface Flat {
  readonly values: readonly FlatValue[];
  /** Something was deeper or more than is looked at. */
  readonly isCut: boolean;
}

export function flattenJson(json: Json, prefix = ''): Flat {
  const values: FlatValue[] = [];
  let isCut = false;
  const walk = (value: Json | undefined, name: string, depth: number): void => {
    if (value === null || value === undefined) return;
    if (values.length >= valuesMax || depth > depthMax) {
      isCut = true;
      return;
    }
    if (typeof value !== 'object') {
      const clean = cleanText(name, nameBytesMax);
      if (clean !== '') values.push({ name: clean, value });
      return;
    }
    for (const [key, member] of Object.entries(value)) {
      const word = key.slice(0, 256).trim().replace(/\s+/g, '_');
      if (isCut && values.length >= valuesMax) return;
      walk(member, name === '' ? word : `${name}.${word}`, depth + 1);
    }
  };
  walk(json, prefix, 0);
  return { values, isCut };
}
