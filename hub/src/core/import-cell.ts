/**
 * What one cell of an imported file is worth as a reading of a metric of some kind.
 *
 * No state. Texts are kept as they are or refused, never cut: what is stored is what the file said.
 */
import { limits, type MetricKind } from '@lapwing/protocol';
import { readNumberText } from './csv-text.ts';

/** The value, or why it is none. Numbers and bools (0, 1) as numbers. */
export function readCell(
  kind: MetricKind,
  raw: string | number | boolean,
): { value: number | string } | { why: string } {
  if (kind === 'text') return readText(String(raw));
  if (kind === 'bool') return readBool(raw);
  if (typeof raw === 'number') return { value: raw };
  const value = typeof raw === 'string' ? readNumberText(raw.trim()) : null;
  return value === null ? { why: `"${String(raw).slice(0, 40)}" is no number` } : { value };
}

/** For a metric that nobody has declared. */
export function guessKindOf(raw: string | number | boolean): MetricKind {
  if (typeof raw === 'boolean') return 'bool';
  if (typeof raw === 'number') return 'gauge';
  if (/^(true|false)$/i.test(raw.trim())) return 'bool';
  return readNumberText(raw.trim()) === null ? 'text' : 'gauge';
}

/** '' when it may be a metric's name or unit, else what is wrong with it. */
export function judgeName(text: string, bytesMax: number): string {
  if (countUtf8(text) > bytesMax) return `is longer than ${bytesMax} bytes`;
  if (/[\u0000-\u001f\u007f]/.test(text)) return 'has control characters';
  return text.isWellFormed() ? '' : 'is no Unicode text';
}

function readText(text: string): { value: string } | { why: string } {
  const value = text.replaceAll('\r\n', '\n');
  if (countUtf8(value) > limits.textBytesMax) return { why: `a text has at most ${limits.textBytesMax} bytes` };
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(value)) return { why: 'a text has control characters' };
  return value.isWellFormed() ? { value } : { why: 'a text is no Unicode' };
}

function readBool(raw: string | number | boolean): { value: number } | { why: string } {
  const text = String(raw).trim().toLowerCase();
  if (text === 'true' || text === '1') return { value: 1 };
  if (text === 'false' || text === '0') return { value: 0 };
  return { why: `"${text.slice(0, 40)}" is neither true nor false` };
}

/** Bytes of a text in UTF-8. */
export function countUtf8(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts two: four together.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
