/**
 * The body of a request that brings readings: read whole within its bound, unpacked where it is gzip.
 *
 * Owns nothing. Counts what really comes, because a length may be missing or lie, and what comes out, because a kilobyte can unpack
 * to a gigabyte.
 */
import { gunzip } from 'node:zlib';
import { HttpProblem } from './http-router.ts';

export const ingestBytesMax = 4 * 2 ** 20;
const passedOverBytesMax = 4 * ingestBytesMax;
export const unpackedBytesMax = 16 * 2 ** 20;

export async function readIngestBody(upload: AsyncIterable<Uint8Array>, encoding: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of upload) {
    bytes += piece.length;
    if (bytes <= ingestBytesMax) pieces.push(piece);
    // A little more is read and let go: who is answered in the middle of its body sees a broken connection, not the answer.
    else if (bytes > passedOverBytesMax) break;
  }
  if (bytes > ingestBytesMax) throw tooLarge(`A body has at most ${ingestBytesMax} bytes`);
  const body = Buffer.concat(pieces);
  if (encoding === '' || encoding === 'identity') return body;
  if (encoding === 'gzip' || encoding === 'x-gzip') return unpack(body);
  throw new HttpProblem(415, 'unknown-encoding', {
    message: `A body coded as ${encoding.slice(0, 40)} cannot be read`,
    advice: 'Send it as it is, or as gzip.',
  });
}

/** In a thread of node's pool: unpacking holds up nobody's Acks. */
function unpack(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(body, { maxOutputLength: unpackedBytesMax }, (error, unpacked) => {
      if (error === null) resolve(unpacked);
      else if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
        reject(tooLarge(`A body unpacks to at most ${unpackedBytesMax} bytes`));
      } else {
        const message = `The body is not gzip: ${error.message}`;
        reject(new HttpProblem(400, 'bad-gzip', { message, advice: 'Check Content-Encoding.' }));
      }
    });
  });
}

function tooLarge(message: string): HttpProblem {
  return new HttpProblem(413, 'too-large', { message, advice: 'Send less at once.' });
}
