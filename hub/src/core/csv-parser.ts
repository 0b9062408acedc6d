/**
 * CSV as RFC 4180 has it (quotes, doubled quotes, line ends within quotes, CRLF or LF), in chunks of any size.
 *
 * Owns what is left of an unfinished record, at most `recordCharsMax`. Invariant: every record tells the line it began on. What
 * is wrong becomes a record with `wrong`, and parsing goes on with the next line; it never throws. (The simulator has a parser
 * of its own: hub and device-sim share the protocol and nothing else.)
 */
export interface CsvRecord {
  /** From 1. */
  readonly line: number;
  readonly fields: readonly string[];
  /** Places of the fields that are `""`: an empty text, where an empty field is no value. Null for none. */
  readonly emptyTexts: readonly number[] | null;
  /** '' when the record is whole. */
  readonly wrong: string;
}

export const recordCharsMax = 1 << 20;
/** Also the end of a record that is too long: the rest of its line is dropped. */
const quote = 0x22;
const lineFeed = 0x0a;

export class CsvParser {
  private rest = '';
  private line = 1;
  private isStarted = false;
  private isDropping = false;

  /** Records that end within what was pushed so far. */
  push(chunk: string): readonly CsvRecord[] {
    this.rest += this.isStarted ? chunk : chunk.replace(/^\ufeff/, '');
    this.isStarted ||= chunk.length > 0;
    return this.take(false);
  }

  /** The last record needs no line end. */
  finish(): readonly CsvRecord[] {
    return this.take(true);
  }

  private take(isLast: boolean): readonly CsvRecord[] {
    const found: CsvRecord[] = [];
    let at = 0;
    let quoteAt = this.rest.indexOf('"');
    while (at < this.rest.length) {
      if (this.isDropping) {
        const end = this.rest.indexOf('\n', at);
        if (end === -1) at = this.rest.length;
        else {
          at = end + 1;
          this.line += 1;
          this.isDropping = false;
        }
        continue;
      }
      // Looked for once, not in every record anew: most files have none.
      if (quoteAt !== -1 && quoteAt < at) quoteAt = this.rest.indexOf('"', at);
      const end = findRecordEnd(this.rest, at, quoteAt);
      if (end === -1 && !isLast && this.rest.length - at < recordCharsMax) break;
      if (end === -1 && !isLast) at = this.giveUp(at, found);
      else at = this.takeOne({ at, end: end === -1 ? this.rest.length : end }, found);
    }
    this.rest = this.rest.slice(at);
    return found;
  }

  private takeOne({ at, end }: { at: number; end: number }, found: CsvRecord[]): number {
    const { line, rest } = this;
    const text = rest.slice(at, rest[end - 1] === '\r' && end > at ? end - 1 : end);
    const emptyTexts: number[] = [];
    const fields = splitRecord(text, emptyTexts);
    if (fields === null) return this.giveUp(at, found);
    this.line += countLines(text) + 1;
    if (fields.length > 1 || fields[0] !== '') {
      found.push({ line, fields, emptyTexts: emptyTexts.length > 0 ? emptyTexts : null, wrong: '' });
    }
    return end + 1;
  }

  /** A wrong quote may have swallowed lines: only its own line is given up. */
  private giveUp(at: number, found: CsvRecord[]): number {
    const ownEnd = this.rest.indexOf('\n', at);
    const wrong = 'a quote is out of place or never closed, or the line is too long';
    found.push({ line: this.line, fields: [], emptyTexts: null, wrong });
    if (ownEnd === -1) {
      this.isDropping = true;
      return this.rest.length;
    }
    this.line += 1;
    return ownEnd + 1;
  }
}

/** Place of the line feed that ends the record from `at`; −1 when it has not come yet. `quoted`: the next quote from `at`. */
function findRecordEnd(text: string, at: number, quoted: number): number {
  const plain = text.indexOf('\n', at);
  if (quoted === -1 || (plain !== -1 && plain < quoted)) return plain;
  let isInQuotes = false;
  for (let i = quoted; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === quote) isInQuotes = !isInQuotes;
    else if (char === lineFeed && !isInQuotes) return i;
  }
  return -1;
}

/** Null when quotes are out of place. Notes the places of `""` in `emptyTexts`. */
function splitRecord(text: string, emptyTexts: number[]): string[] | null {
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
    if (closed === at + 1) emptyTexts.push(fields.length);
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

function countLines(text: string): number {
  let count = 0;
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) count += 1;
  return count;
}
