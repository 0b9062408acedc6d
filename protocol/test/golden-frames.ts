/**
 * The golden frames (SPEC, Golden frames) for this package's tests: read from their files, and their JSON made into messages.
 *
 * No state. The files are fixed: nothing here writes them.
 */
import { readFileSync } from 'node:fs';
import type { BatchColumn, FaultName, LatestValue, LiveEntry, Message, PresenceEntry, Side } from '../src/index.ts';

export interface GoldenFrame {
  readonly name: string;
  readonly side: Side;
  readonly frame: Uint8Array;
  readonly message: Message;
  /** Another way to write the same message: an encoder need not choose it. */
  readonly decodeOnly: boolean;
}

export interface InvalidFrame {
  readonly name: string;
  readonly side: Side;
  readonly frame: Uint8Array;
  readonly fault: FaultName;
}

// biome-ignore lint/suspicious/noExplicitAny: it is JSON, and every field of it is compared with a decoded message
type Json = any;

export function loadGolden(): GoldenFrame[] {
  return ['device', 'batch', 'hub', 'viewer', 'feed'].flatMap((file) =>
    loadFile(file).map((item) => ({
      name: `${file}.json: ${item.name}`,
      side: item.side,
      frame: parseHex(item.hex),
      message: parseMessage(item.message),
      decodeOnly: item.decodeOnly === true,
    })),
  );
}

export function loadInvalid(): InvalidFrame[] {
  return loadFile('invalid').map((item) => ({ ...item, frame: parseHex(item.hex) }));
}

function loadFile(name: string): Json[] {
  return JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), 'utf8'));
}

function parseHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** NaN, Infinity, -Infinity and -0 are strings in JSON. */
function parseNumber(value: number | string): number {
  return Number(value);
}

function parseMessage(json: Json): Message {
  switch (json.type) {
    case 'batch':
      return { ...json, times: Float64Array.from(json.times), columns: json.columns.map(parseColumn) };
    case 'snapshot':
      return {
        ...json,
        clockOffsetMs: json.clockOffsetMs ?? Number.NaN,
        latest: json.latest.map(
          ({ metric, timeMs, kind, value }: Json): LatestValue => ({
            metric,
            timeMs,
            value: kind === 'text' ? value : parseNumber(value),
          }),
        ),
      };
    case 'live':
      return { ...json, entries: json.entries.map(parseEntry) };
    case 'presence':
      return {
        ...json,
        entries: json.entries.map(
          (entry: Json): PresenceEntry => ({ ...entry, lastSeenMs: entry.lastSeenMs ?? Number.NaN }),
        ),
      };
    default:
      return json;
  }
}

/** Where there is no value JSON has null; here it is 0 or ''. */
function parseColumn(json: Json): BatchColumn {
  const present = json.present === null ? null : Uint8Array.from(json.present);
  if (json.encoding === 'text')
    return { ...json, present, values: json.values.map((value: string | null) => value ?? '') };
  return { ...json, present, values: Float64Array.from(json.values, (value: Json) => parseNumber(value ?? 0)) };
}

function parseEntry({ stream, arrivedMs, ...body }: Json): LiveEntry {
  return { stream, arrivedMs, body: 'frame' in body ? { ...body, frame: parseHex(body.frame) } : body };
}
