/**
 * The payload of Sparkplug B 3.0 (chapter 6, `org.eclipse.tahu.protobuf`): bytes → metrics with their values, and the one
 * payload that a host sends, the request for a rebirth.
 *
 * Owns no state. A DATA metric carries no datatype, so a value is kept as it was on the wire until its definition says how wide
 * its sign is.
 */
import { ProtobufReader, writeVarint } from './protobuf-reader.ts';

export type WireValue =
  | { readonly type: 'int' | 'long'; readonly value: bigint }
  | { readonly type: 'float' | 'double'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'unsupported'; readonly what: string };

export interface SparkplugMetric {
  name: string | null;
  alias: bigint | null;
  timeMs: number | null;
  datatype: number;
  isHistorical: boolean;
  isNull: boolean;
  value: WireValue | null;
  unit: string;
  min: number | null;
  max: number | null;
}

export interface SparkplugPayload {
  readonly timeMs: number | null;
  readonly seq: number | null;
  readonly metrics: readonly SparkplugMetric[];
  readonly isCompressed: boolean;
  /** More metrics than are looked at. */
  readonly isCut: boolean;
}

export const datatypes = { int8: 1, int16: 2, int32: 3, int64: 4, uint8: 5, uint16: 6, uint32: 7, uint64: 8, float: 9, double: 10, boolean: 11, string: 12, dateTime: 13, text: 14, uuid: 15 } as const; // biome-ignore format: one row
const metricsMax = 5_000;
const timeMsMax = 253_402_300_799_999n;

/** Null for what is no such payload. */
export function readSparkplug(bytes: Uint8Array): SparkplugPayload | null {
  const reader = new ProtobufReader(bytes);
  const metrics: SparkplugMetric[] = [];
  let timeMs: number | null = null;
  let seq: number | null = null;
  let isCompressed = false;
  let isCut = false;
  while (reader.next()) {
    if (reader.field === 1) timeMs = readTimeMs(reader);
    else if (reader.field === 3) seq = Number(BigInt.asUintN(53, reader.readUint()));
    else if (reader.field === 4) isCompressed = reader.readText() === 'SPBV1.0_COMPRESSED';
    else if (reader.field === 2) {
      const inner = new ProtobufReader(reader.readBytes());
      if (metrics.length >= metricsMax) {
        isCut = true;
        continue;
      }
      const metric = readMetric(inner);
      if (inner.isBroken) return null;
      metrics.push(metric);
    } else reader.skip();
  }
  return reader.isBroken ? null : { timeMs, seq, metrics, isCompressed, isCut };
}

function readTimeMs(reader: ProtobufReader): number | null {
  const time = reader.readUint();
  return time === 0n || time > timeMsMax ? null : Number(time);
}

function readMetric(reader: ProtobufReader): SparkplugMetric {
  const metric: SparkplugMetric = {
    name: null,
    alias: null,
    timeMs: null,
    datatype: 0,
    isHistorical: false,
    isNull: false,
    value: null,
    unit: '',
    min: null,
    max: null,
  };
  while (reader.next()) {
    const { field } = reader;
    if (field === 1) metric.name = reader.readText();
    else if (field === 2) metric.alias = reader.readUint();
    else if (field === 3) metric.timeMs = readTimeMs(reader);
    else if (field === 4) metric.datatype = Number(BigInt.asUintN(32, reader.readUint()));
    else if (field === 5) metric.isHistorical = reader.readUint() !== 0n;
    else if (field === 7) metric.isNull = reader.readUint() !== 0n;
    else if (field === 9) readProperties(new ProtobufReader(reader.readBytes()), metric);
    else metric.value = readValue(reader, field) ?? metric.value;
  }
  return metric;
}

function readValue(reader: ProtobufReader, field: number): WireValue | null {
  if (field === 10) return { type: 'int', value: BigInt.asUintN(32, reader.readUint()) };
  if (field === 11) return { type: 'long', value: reader.readUint() };
  if (field === 12) return { type: 'float', value: reader.readFloat() };
  if (field === 13) return { type: 'double', value: reader.readDouble() };
  if (field === 14) return { type: 'bool', value: reader.readUint() !== 0n };
  if (field === 15) return { type: 'text', value: reader.readText() };
  reader.skip();
  const what = { 16: 'bytes', 17: 'a data set', 18: 'a template', 19: 'an extension' }[field];
  return what === undefined ? null : { type: 'unsupported', what };
}

/** The engineering unit and range, by the names that Ignition and others give them. */
function readProperties(reader: ProtobufReader, metric: SparkplugMetric): void {
  const keys: string[] = [];
  const values: (string | number | null)[] = [];
  while (reader.next() && values.length < 64) {
    if (reader.field === 1 && keys.length < 64) keys.push(reader.readText());
    else if (reader.field === 2) values.push(readPropertyValue(new ProtobufReader(reader.readBytes())));
    else reader.skip();
  }
  for (const [index, key] of keys.entries()) {
    const value = values[index] ?? null;
    if (typeof value === 'string' && /^(engUnit|engineering_?units?|unit|units)$/i.test(key)) metric.unit = value;
    else if (typeof value === 'number' && /^eng_?low$/i.test(key)) metric.min = value;
    else if (typeof value === 'number' && /^eng_?high$/i.test(key)) metric.max = value;
  }
}

function readPropertyValue(reader: ProtobufReader): string | number | null {
  let value: string | number | null = null;
  while (reader.next()) {
    if (reader.field === 3) value = Number(BigInt.asIntN(32, reader.readUint()));
    else if (reader.field === 4) value = Number(BigInt.asIntN(64, reader.readUint()));
    else if (reader.field === 5) value = reader.readFloat();
    else if (reader.field === 6) value = reader.readDouble();
    else if (reader.field === 8) value = reader.readText();
    else reader.skip();
  }
  return value;
}

/** The value as its datatype means it: integers ride as two's complement in unsigned fields. Null where the two do not fit. */
export function interpretValue(value: WireValue, datatype: number): number | string | boolean | null {
  if (value.type === 'unsupported') return null;
  if (typeof value.value !== 'bigint') return value.value;
  if (datatype === datatypes.boolean) return value.value !== 0n;
  if (datatype === datatypes.dateTime)
    return value.value > timeMsMax ? null : new Date(Number(value.value)).toISOString();
  if (datatype < datatypes.int8 || datatype > datatypes.int64) return Number(value.value);
  const bits =
    datatype === datatypes.int8 ? 8 : datatype === datatypes.int16 ? 16 : datatype === datatypes.int32 ? 32 : 64;
  return Number(BigInt.asIntN(bits, value.value));
}

/** `Node Control/Rebirth` = true, as NCMD. */
export function writeRebirth(nowMs: number): Uint8Array {
  const name = [...'Node Control/Rebirth'].map((letter) => letter.charCodeAt(0));
  const metric = [0x0a, name.length, ...name, 0x20, datatypes.boolean, 0x70, 1];
  return Uint8Array.from([
    0x08,
    ...writeVarint(BigInt(Math.max(0, Math.floor(nowMs)))),
    0x12,
    metric.length,
    ...metric,
  ]);
}
