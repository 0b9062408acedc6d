/**
 * A CSV file as a stream of records, and the number that names its content.
 *
 * Owns one file handle while it reads. Flat memory: what is not taken is not read.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { CsvParser, type CsvRecord } from '../core/csv-parser.ts';

export async function* readCsv(path: string): AsyncGenerator<CsvRecord> {
  const parser = new CsvParser();
  const stream = createReadStream(path, { encoding: 'utf8', highWaterMark: 64 * 1024 });
  for await (const chunk of stream) yield* parser.push(chunk as string);
  yield* parser.finish();
}

/** An epoch from the content of a file and what is done with it: the same import has the same numbers (SPEC SE-5, DL-5). */
export async function nameContent(path: string, salt: string): Promise<number> {
  const hash = createHash('sha256').update(salt);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  const digest = hash.digest();
  return 1 + (digest.readUIntLE(0, 6) * 16 + (digest[6]! & 15));
}
