/**
 * Influx line protocol: `measurement,tag=v field=1.5,other=12i 1700000000000000000`, one line at a time (InfluxDB docs, "Line protocol").
 *
 * Owns no state. Timestamps are read as BigInt, since nanoseconds of today do not fit a double. A line that is wrong is told with the
 * reason; nothing throws.
 */
export type LineValue = number | string | boolean;

export interface ProtocolLine {
  readonly measurement: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly fields: readonly (readonly [key: string, value: LineValue])[];
  readonly time: bigint | null;
}

const partsMax = 1_000;
const integerPattern = /^[+-]?\d{1,20}[iu]$/;
const floatPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const truths: ReadonlyMap<string, boolean> = new Map([
  ['t', true],
  ['T', true],
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['f', false],
  ['F', false],
  ['false', false],
  ['False', false],
  ['FALSE', false],
]);

/** The lines of a body: a newline within a string field does not end one. Comments and empty lines are left out. */
export function* splitLines(text: string): Generator<string> {
  let from = 0;
  let isQuoted = false;
  for (let at = 0; at <= text.length; at++) {
    const letter = text[at];
    if (at === from && letter === '#') {
      // A comment may say anything, quotes too.
      const end = text.indexOf('\n', at);
      if (end < 0) return;
      at = end;
      from = end + 1;
    } else if (letter === '\\' && text[at + 1] !== '\n') at++;
    else if (letter === '"') isQuoted = !isQuoted;
    else if (letter === undefined || (letter === '\n' && !isQuoted)) {
      const line = text.slice(from, at).trim();
      if (line !== '') yield line;
      from = at + 1;
      isQuoted = false;
    }
  }
}

/** A text tells what is wrong. */
export function parseLine(line: string): ProtocolLine | string {
  const cursor = new LineCursor(line);
  const measurement = cursor.takeWord(', ');
  if (measurement === '') return 'the measurement is missing';
  const tags: [string, string][] = [];
  while (cursor.take(',')) {
    const key = cursor.takeWord('=, ');
    if (!cursor.take('=')) return `the tag ${key.slice(0, 40)} has no value`;
    const value = cursor.takeWord(', ');
    if (key === '' || value === '') return 'a tag has neither an empty key nor an empty value';
    tags.push([key, value]);
    if (tags.length > partsMax) return `more than ${partsMax} tags`;
  }
  if (!cursor.take(' ')) return 'after measurement and tags comes a space and then the fields';
  cursor.skipSpaces();
  const fields: [string, LineValue][] = [];
  do {
    const key = cursor.takeWord('=, ');
    if (key === '' || !cursor.take('=')) return 'a field is written key=value';
    const value = cursor.takeValue();
    if (value === null) return `the value of ${key.slice(0, 40)} is no number, integer (12i), "text" or true/false`;
    fields.push([key, value]);
    if (fields.length > partsMax) return `more than ${partsMax} fields`;
  } while (cursor.take(','));
  cursor.skipSpaces();
  const rest = cursor.takeRest();
  if (rest === '') return { measurement, tags, fields, time: null };
  if (!/^-?\d{1,19}$/.test(rest)) return 'after the fields comes nothing but a whole number, the time';
  return { measurement, tags, fields, time: BigInt(rest) };
}

class LineCursor {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  take(letter: string): boolean {
    if (this.#line[this.#at] !== letter) return false;
    this.#at++;
    return true;
  }

  skipSpaces(): void {
    while (this.#line[this.#at] === ' ') this.#at++;
  }

  takeRest(): string {
    const rest = this.#line.slice(this.#at).trim();
    this.#at = this.#line.length;
    return rest;
  }

  /** Up to one of `ends`; a backslash in front of a comma, an equals sign or a space makes it a letter. */
  takeWord(ends: string): string {
    let word = '';
    for (; this.#at < this.#line.length; this.#at++) {
      const letter = this.#line[this.#at]!;
      const next = this.#line[this.#at + 1];
      if (letter === '\\' && (next === ',' || next === '=' || next === ' ')) {
        word += next;
        this.#at++;
      } else if (ends.includes(letter)) break;
      else word += letter;
    }
    return word;
  }

  takeValue(): LineValue | null {
    if (this.#line[this.#at] === '"') return this.#takeQuoted();
    const word = this.takeWord(', ');
    const truth = truths.get(word);
    if (truth !== undefined) return truth;
    if (integerPattern.test(word)) return Number(word.slice(0, -1));
    if (word.length > 400 || !floatPattern.test(word)) return null;
    const value = Number(word);
    return Number.isFinite(value) ? value : null;
  }

  #takeQuoted(): string | null {
    let text = '';
    for (this.#at++; this.#at < this.#line.length; this.#at++) {
      const letter = this.#line[this.#at]!;
      const next = this.#line[this.#at + 1];
      if (letter === '\\' && (next === '"' || next === '\\')) {
        text += next;
        this.#at++;
      } else if (letter === '"') {
        this.#at++;
        return text;
      } else text += letter;
    }
    return null;
  }
}
