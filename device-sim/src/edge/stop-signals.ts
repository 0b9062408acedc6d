/**
 * Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.
 *
 * Owns the signal handlers until `release`.
 */
import { performance } from 'node:perf_hooks';

/** Under npx one Ctrl-C comes twice: from the terminal, and handed on by npm. */
const sameSignalMs = 300;

export function catchStopSignals(options: { stop: () => void; end: () => void }): { release: () => void } {
  let askedMs = Number.NaN;
  const processOnSignal = (): void => {
    const nowMs = performance.now();
    if (Number.isNaN(askedMs)) {
      askedMs = nowMs;
      options.stop();
    } else if (nowMs - askedMs > sameSignalMs) options.end();
  };
  process.on('SIGINT', processOnSignal);
  process.on('SIGTERM', processOnSignal);
  return {
    release: () => {
      process.off('SIGINT', processOnSignal);
      process.off('SIGTERM', processOnSignal);
    },
  };
}
