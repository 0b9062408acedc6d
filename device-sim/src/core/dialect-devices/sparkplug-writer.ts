/**
 * Writes Sparkplug B payloads (protobuf), as edge nodes do: names and datatypes in births, aliases alone in data.
 *
 * Owns no state.
 */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };

export interface SparkplugValue {
  readonly name: string;
  readonly alias: number;
  readonly type: 'double' | 'bool' | 'text' | 'long';
  readonly unit?: string;
  readonly value: number | boolean | string;
}

const datatypes = { long: 4, double: 10, bool: 11, text: 12 } as const;
const encoder = new TextEncoder();

/** `seq` null: NDEATH has none. */
export function writeSparkplug(
  metrics: readonly SparkplugValue[],
  how: { isBirth: boolean; seq: number | null; nowMs: number },
): Uint8Array {
  const bytes = [...field(1, 0), ...varint(how.nowMs)];
  for (const metric of metrics) bytes.push(...block(2, writeMetric(metric, how.isBirth)));
  if (how.seq !== null) bytes.push(...field(3, 0), ...varint(how.seq));
  return Uint8Array.from(bytes);
}

function writeMetric({ name, alias, type, unit, value }: SparkplugValue, isBirth: boolean): number[] {
  // bdSeq and control metrics go by their name, always.
  const isNamed = isBirth || alias === 0;
  const bytes = isNamed ? block(1, encode(name)) : [];
  if (alias > 0) bytes.push(...field(2, 0), ...varint(alias));
  if (isNamed) bytes.push(...field(4, 0), ...varint(datatypes[type]));
  if (isBirth && unit !== undefined) {
    const property = [...field(1, 0), 12, ...block(8, encode(unit))];
    bytes.push(...block(9, [...block(1, encode('engUnit')), ...block(2, property)]));
  }
  if (typeof value === 'string') bytes.push(...block(15, encode(value)));
  else if (typeof value === 'boolean') bytes.push(...field(14, 0), value ? 1 : 0);
  else if (type === 'long') bytes.push(...field(11, 0), ...varint(value));
  else bytes.push(...field(13, 1), ...double(value));
  return bytes;
}

function field(number: number, wire: number): number[] {
  return varint(number * 8 + wire);
}

function block(number: number, bytes: readonly number[]): number[] {
  return [...field(number, 2), ...varint(bytes.length), ...bytes];
}

function encode(text: string): number[] {
  return [...encoder.encode(text)];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return [...bytes, left];
}

function double(value: number): number[] {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  return [...bytes];
}
