/**
 * Progress of a transfer for whoever watches the terminal: bytes so far and their rate, on standard error, and only on a terminal.
 *
 * Owns one line of it. Passes the bytes on as they are.
 */
import { Transform, type TransformCallback } from 'node:stream';

export interface Progress {
  /** To be put into the pipeline. */
  readonly count: Transform;
  bytes(): number;
  end(): void;
}

const repaintMs = 200;

export function makeProgress(what: string): Progress {
  const isShown = process.stderr.isTTY === true;
  const startedMs = Date.now();
  let bytes = 0;
  let paintedMs = startedMs;
  const paint = (nowMs: number) => {
    const mebibytes = bytes / 2 ** 20;
    const rate = mebibytes / Math.max(0.001, (nowMs - startedMs) / 1000);
    process.stderr.write(`\r\u001b[K${what} ${mebibytes.toFixed(1)} MiB, ${rate.toFixed(1)} MiB/s`);
  };
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      bytes += chunk.length;
      const nowMs = Date.now();
      if (isShown && nowMs - paintedMs >= repaintMs) {
        paintedMs = nowMs;
        paint(nowMs);
      }
      done(null, chunk);
    },
  });
  const end = () => {
    if (isShown && paintedMs > startedMs) process.stderr.write('\r\u001b[K');
  };
  return { count, bytes: () => bytes, end };
}
