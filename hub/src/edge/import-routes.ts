/**
 * POST /api/v1/import: a file of readings, as it comes, into the store.
 *
 * Owns the imports that run. Memory is flat: the next piece of the file is read when the store has committed what came before.
 * A file is bounded in bytes, in the length of a line, and in how long nothing of it may come.
 */
import { CsvParser, recordCharsMax } from '../core/csv-parser.ts';
import { ImportReader, type ImportRow } from '../core/import-reader.ts';
import { ImportRefusal } from '../core/import-refusal.ts';
import { type ImportParts, ImportSession } from '../core/import-session.ts';
import { HttpProblem, makeRoute, type Route } from './http-router.ts';
import { shapes } from './http-shapes.ts';

const fileBytesMax = 64 * 2 ** 30;
const silentMsMax = 60_000;
/** Taken in one go: a few milliseconds of the thread that acks. */
const sliceChars = 16_384;
/** A file of which this many lines are wrong and none is right is no file of readings. */
const hopelessLines = 1_000;

export type ImportRouteParts = Omit<ImportParts, 'running'> & { readonly nowMs: () => number };

export function makeImportRoutes(parts: ImportRouteParts): Route[] {
  const running: ImportParts['running'] = new Set();
  return [
    makeRoute({
      method: 'POST',
      path: '/api/v1/import',
      access: 'person',
      summary: 'Readings from a file, CSV or NDJSON; the same file again stores nothing twice',
      query: shapes.importQuery,
      consumes: ['text/csv', 'application/x-ndjson', 'application/octet-stream'],
      answer: shapes.imported,
      handle: async ({ query, upload }) => {
        const options = { deviceId: query.device === '*' ? null : query.device, source: query.source };
        const session = new ImportSession({ ...parts, running }, options);
        try {
          await readFile(upload, { session, format: query.format, nowMs: parts.nowMs });
          return { status: 200, json: { ...session.tally, devices: session.devices() } };
        } catch (error) {
          throw error instanceof ImportRefusal ? explainRefusal(error) : error;
        } finally {
          session.close();
        }
      },
    }),
  ];
}

interface Reading {
  readonly session: ImportSession;
  readonly format: 'csv' | 'ndjson';
  readonly nowMs: () => number;
}

async function readFile(upload: AsyncIterable<Uint8Array>, { session, format, nowMs }: Reading): Promise<void> {
  const rows: ImportRow[] = [];
  const reader = new ImportReader({
    findKind: (metric) => session.findKind(metric),
    readerOnRow: (row) => rows.push(row),
    readerOnBadLine: (line, why) => session.noteBadLine(line, why),
  });
  const storeRows = async () => {
    for (const row of rows.splice(0)) {
      session.takeRow(row, nowMs());
      if (session.isFull()) await session.settle();
    }
    if (session.tally.rows === 0 && session.tally.badLineCount >= hopelessLines) throw refuseHopeless(session);
    // Pieces that have come already follow each other without I/O: devices and viewers get their turn in between.
    await new Promise(setImmediate);
  };
  const lines = format === 'csv' ? new CsvLines(reader) : new JsonLines(reader, session);
  for await (const text of decodeText(upload)) {
    lines.push(text);
    await storeRows();
  }
  lines.finish();
  reader.finish();
  await storeRows();
  await session.finish(nowMs());
}

class CsvLines {
  private readonly parser = new CsvParser();
  private readonly reader: ImportReader;

  constructor(reader: ImportReader) {
    this.reader = reader;
  }

  push(text: string): void {
    for (const record of this.parser.push(text)) this.reader.takeRecord(record);
  }

  finish(): void {
    for (const record of this.parser.finish()) this.reader.takeRecord(record);
  }
}

class JsonLines {
  private rest = '';
  private line = 0;
  private isDropping = false;
  private readonly reader: ImportReader;
  private readonly session: ImportSession;

  constructor(reader: ImportReader, session: ImportSession) {
    this.reader = reader;
    this.session = session;
  }

  push(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop()!;
    for (const line of lines) this.take(line);
    if (this.rest.length <= recordCharsMax) return;
    if (!this.isDropping) this.session.noteBadLine(this.line + 1, `is longer than ${recordCharsMax} characters`);
    this.isDropping = true;
    this.rest = '';
  }

  finish(): void {
    if (this.rest !== '') this.take(this.rest);
  }

  private take(line: string): void {
    this.line += 1;
    if (!this.isDropping && line.trim() !== '') this.reader.takeJson(this.line, line.replace(/^\ufeff/, ''));
    this.isDropping = false;
  }
}

/** UTF-8 to text; bytes that are none become U+FFFD. Bounded, and impatient with a sender that has fallen silent. */
async function* decodeText(upload: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const pieces = upload[Symbol.asyncIterator]();
  let bytes = 0;
  for (;;) {
    const piece = await waitForPiece(pieces);
    if (piece.done === true) break;
    bytes += piece.value.length;
    if (bytes > fileBytesMax) {
      const message = `A file has at most ${fileBytesMax} bytes; what came before is stored`;
      throw new HttpProblem(413, 'too-large', { message, advice: 'Split it, and import each part with its header.' });
    }
    const text = decoder.decode(piece.value, { stream: true });
    for (let at = 0; at < text.length; at += sliceChars) yield text.slice(at, at + sliceChars);
  }
  yield decoder.decode();
}

async function waitForPiece(pieces: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    const text = {
      message: `Nothing came for ${silentMsMax / 1000} s`,
      advice: 'Send the file again; it goes on where it was.',
    };
    timer = setTimeout(() => reject(new HttpProblem(408, 'silent', text)), silentMsMax);
  });
  try {
    return await Promise.race([pieces.next(), silence]);
  } catch (cause) {
    if (cause instanceof HttpProblem) throw cause;
    const advice = 'What was committed stays; send the file again, and it goes on there.';
    throw new HttpProblem(400, 'cut-off', { message: `The file ended early: ${(cause as Error).message}`, advice });
  } finally {
    clearTimeout(timer);
  }
}

function refuseHopeless({ tally }: ImportSession): HttpProblem {
  const { line, why } = tally.badLines[0]!;
  const message = `None of the first ${tally.badLineCount} lines holds a reading; line ${line}: ${why}`;
  return new HttpProblem(400, 'no-readings', {
    message,
    advice: 'The first column is a time; see README, Export and import.',
  });
}

function explainRefusal({ code, message }: ImportRefusal): HttpProblem {
  const status = code === 'store-unavailable' ? 503 : 409;
  const advice = {
    'import-running': 'Wait for it to end; sending the file again is harmless then.',
    'other-file':
      'Nothing new of this device was stored. If it is another file, name it: source=NAME, and the same whenever it comes again.',
    'shorter-file': 'Nothing new of this device was stored. If it is no part of that file, name it: source=NAME.',
    'too-many-metrics': 'Import it in parts with fewer metrics each.',
    'store-unavailable': 'See /api/v1/health; then send the same file again, and it goes on where it was.',
  }[code];
  return new HttpProblem(status, code, { message, advice });
}
