/**
 * Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends at once.
 *
 * Owns the signal handlers until `release`.
 */
export function catchStopSignals(options: { stop: () => void; end: () => void }): { release: () => void } {
  let asked = false;
  const processOnSignal = (): void => {
    if (asked) {
      options.end();
      return;
    }
    asked = true;
    options.stop();
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
