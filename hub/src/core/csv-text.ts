/**
 * One cell of a CSV file, both ways: RFC 4180 quoting, numbers that read back bit for bit, and texts that no spreadsheet runs.
 *
 * No state. Invariant: `unguardText(guardText(text))` is `text`. A spreadsheet takes a cell that begins with = + - @ (or their
 * full-width twins, a tab, a line end) for a formula; such a text gets an apostrophe in front, and so does one that begins with
 * apostrophes before such a character, so that the way back is exact. Numbers are never touched.
 */
const formulaStart = /^'*[=+\-@\t\r\n＝＋－＠]/;
const needsQuotes = /[",;\t\r\n]|^[\s']|\s$/;

export function guardText(text: string): string {
  return formulaStart.test(text) ? `'${text}` : text;
}

export function unguardText(cell: string): string {
  return cell.startsWith("'") && formulaStart.test(cell) ? cell.slice(1) : cell;
}

/** A text as a cell. The empty text is `""`; an empty cell means that there is no value. */
export function writeTextCell(text: string): string {
  const guarded = guardText(text);
  if (guarded !== '' && !needsQuotes.test(guarded)) return guarded;
  return `"${guarded.replaceAll('"', '""')}"`;
}

/** The shortest digits that read back as the same double; NaN, Infinity, -Infinity and -0 by these names. */
export function writeNumberText(value: number): string {
  return value === 0 && 1 / value < 0 ? '-0' : String(value);
}

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number a cell says, or null when it says none. */
export function readNumberText(cell: string): number | null {
  if (numberPattern.test(cell)) return Number(cell);
  if (/^nan$/i.test(cell)) return Number.NaN;
  const infinity = /^([+-]?)inf(?:inity)?$/i.exec(cell);
  if (infinity === null) return null;
  return infinity[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}
