/**
 * From the bytes of a publication to text and JSON, and from foreign text to text that may be stored.
 *
 * Owns no state. Nothing throws: what is not UTF-8 or not JSON is null or undefined, and the caller says so in a finding.
 */

/** The part of the platform's coders used here; core compiles without DOM or Node types. */
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
const textBytesMax = 1 << 20;
/** A list of a few hundred Zigbee devices with all they expose has megabytes. */
const jsonBytesMax = 8 << 20;

export function readText(payload: Uint8Array, bytesMax = textBytesMax): string | null {
  if (payload.length > bytesMax) return null;
  try {
    return utf8.decode(payload);
  } catch {
    // The platform tells malformed UTF-8 only by throwing.
    return null;
  }
}

/** Undefined for what is not JSON. */
export function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // So does JSON.parse.
    return undefined;
  }
}

/** Where and why it breaks off, as the platform says it. */
export function whyNotJson(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return String((error as { message?: string }).message);
  }
}

export function readJson(payload: Uint8Array): Json | undefined {
  const text = readText(payload, jsonBytesMax);
  return text === null ? undefined : parseJson(text);
}

export function isObject(json: Json | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** An own member: a payload may say `constructor` or `__proto__` like any other word. */
export function memberOf(json: Json | undefined, key: string): Json | undefined {
  return isObject(json) && Object.hasOwn(json, key) ? json[key] : undefined;
}

export function textOf(json: Json | undefined, key: string): string | undefined {
  const value = memberOf(json, key);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(json: Json | undefined, key: string): number | undefined {
  const value = memberOf(json, key);
  return typeof value === 'number' ? value : undefined;
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A decimal number as people and devices write it, or null; no hex, no thousands, no words. */
export function readNumber(text: string): number | null {
  const trimmed = text.trim();
  if (trimmed.length > 64 || !numberPattern.test(trimmed)) return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
}

const truths: ReadonlySet<string> = new Set(['on', 'true', 'yes', 'open', 'online']);
const untruths: ReadonlySet<string> = new Set(['off', 'false', 'no', 'closed', 'offline']);

/** `on`, `off` and their kin in any case; null for all else. Numbers are not truths: a 1 may be a count. */
export function readSwitch(text: string): boolean | null {
  const word = text.trim().toLowerCase();
  if (truths.has(word)) return true;
  return untruths.has(word) ? false : null;
}

/** Nearly every name and unit: nothing to clean. */
const plainAscii = /^[!-~](?:[ -~]*[!-~])?$/;

/** Foreign text as it may be stored and shown: well formed, no control characters, at most so many bytes of UTF-8. */
export function cleanText(text: string, bytesMax: number): string {
  if (text.length <= bytesMax && plainAscii.test(text)) return text;
  const clean = text
    .slice(0, bytesMax)
    .toWellFormed()
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  if (clean.length * 3 <= bytesMax) return clean;
  let bytes = 0;
  let end = 0;
  for (const letter of clean) {
    const code = letter.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > bytesMax) break;
    end += letter.length;
  }
  return clean.slice(0, end);
}

/** `DewPoint` → `dew_point`, `Living Room` → `living_room`: one word of a metric's name. */
export function toWord(text: string): string {
  return text
    .slice(0, 256)
    .toWellFormed()
    .normalize('NFC')
    .replace(/Wi-?Fi/g, 'Wifi')
    .replace(/([a-z0-9])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '_')
    .replace(/^_+|_+$/g, '');
}

/** A sender's time: seconds where the number is too small for milliseconds of this century, else milliseconds; or ISO text with an offset. */
export function readTime(value: Json | undefined): number | null {
  if (typeof value === 'number' && Number.isFinite(value)) {
    if (value >= 1e8 && value < 1e11) return Math.round(value * 1000);
    if (value >= 1e11 && value < 2.5e14) return Math.round(value);
    return value >= 1e14 && value < 1e20 ? Math.round(value / (value >= 1e17 ? 1e6 : 1e3)) : null;
  }
  if (typeof value !== 'string') return null;
  // Without an offset it is somebody's local time, which nobody can believe.
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/i.test(value)) return null;
  const ms = Date.parse(
    value
      .replace(' ', 'T')
      .replace(/(\.\d{3})\d+/, '$1')
      .replace(/([+-]\d\d)(\d\d)$/, '$1:$2'),
  );
  return Number.isNaN(ms) ? null : ms;
}
