/**
 * CSV as RFC 4180 has it (quotes, doubled quotes, line ends within quotes, CRLF or LF), in chunks of any size.
 *
 * Owns what is left of an unfinished record, at most `recordCharsMax`. Invariant: every record tells the line it began on. What
 * is wrong becomes a record with `wrong`, and parsing goes on with the next line; it never throws.
 */
export interface CsvRecord {
  /** From 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** '' when the record is whole. */
  readonly wrong: string;
}

const recordCharsMax = 1 << 20;

export class CsvParser {
  private rest = '';
  private line = 1;
  private started = false;

  /** Records that end within what was pushed so far. */
  push(chunk: string): readonly CsvRecord[] {
    this.rest += this.started ? chunk : chunk.replace(/^\ufeff/, '');
    this.started ||= chunk.length > 0;
    return this.take(false);
  }

  /** The last record needs no line end. */
  finish(): readonly CsvRecord[] {
    return this.take(true);
  }

  private take(last: boolean): readonly CsvRecord[] {
    const found: CsvRecord[] = [];
    let at = 0;
    while (at < this.rest.length) {
      const end = findRecordEnd(this.rest, at);
      const whole = end !== -1;
      if (!whole && !last && this.rest.length - at < recordCharsMax) break;
      const { record, nextAt } = this.takeOne(at, whole ? end : -1);
      if (record !== null) found.push(record);
      at = nextAt;
    }
    this.rest = this.rest.slice(at);
    return found;
  }

  private takeOne(at: number, end: number): { record: CsvRecord | null; nextAt: number } {
    const { line, rest } = this;
    let stop = end === -1 ? rest.length : end;
    let fields = splitRecord(trimEnd(rest.slice(at, stop)));
    if (fields === null) {
      // The quote that is wrong may have swallowed lines: give up its own line only.
      const ownEnd = rest.indexOf('\n', at);
      if (ownEnd !== -1) stop = ownEnd;
      fields = null;
    }
    const text = rest.slice(at, stop);
    this.line += countLines(text) + 1;
    const nextAt = stop + 1;
    if (fields === null)
      return { record: { line, fields: [], wrong: 'a quote is out of place or never closed' }, nextAt };
    if (fields.length === 1 && fields[0] === '') return { record: null, nextAt };
    return { record: { line, fields, wrong: '' }, nextAt };
  }
}

/** Place of the line feed that ends the record from `at`; −1 when it has not come yet. */
function findRecordEnd(text: string, at: number): number {
  const plain = text.indexOf('\n', at);
  const quote = text.indexOf('"', at);
  if (plain === -1 && quote === -1) return -1;
  if (quote === -1 || (plain !== -1 && plain < quote)) return plain;
  let inQuotes = false;
  for (let i = quote; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x22) inQuotes = !inQuotes;
    else if (char === 0x0a && !inQuotes) return i;
  }
  return -1;
}

/** Null when quotes are out of place. */
function splitRecord(text: string): string[] | null {
  if (!text.includes('"')) return text.split(',');
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (text[at] !== '"') {
      const comma = text.indexOf(',', at);
      const field = comma === -1 ? text.slice(at) : text.slice(at, comma);
      if (field.includes('"')) return null;
      fields.push(field);
      if (comma === -1) return fields;
      at = comma + 1;
      continue;
    }
    const closed = findClosingQuote(text, at + 1);
    if (closed === -1) return null;
    fields.push(text.slice(at + 1, closed).replaceAll('""', '"'));
    if (closed + 1 === text.length) return fields;
    if (text[closed + 1] !== ',') return null;
    at = closed + 2;
  }
}

function findClosingQuote(text: string, at: number): number {
  for (let i = text.indexOf('"', at); i !== -1; i = text.indexOf('"', i)) {
    if (text[i + 1] !== '"') return i;
    i += 2;
  }
  return -1;
}

function trimEnd(text: string): string {
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}

function countLines(text: string): number {
  let count = 0;
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) count += 1;
  return count;
}
