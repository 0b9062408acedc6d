/** A worker that steps back has a lower priority than its process, which keeps its own. */
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

test.runIf(process.platform === 'linux')('a worker gives way, and the main thread does not', async () => {
  const before = getPriority(process.pid);
  const url = new URL('./background-thread.ts', import.meta.url).href;
  const code = `
    import { readlinkSync } from 'node:fs';
    import { getPriority } from 'node:os';
    import { parentPort } from 'node:worker_threads';
    import { stepBack } from '${url}';
    stepBack();
    parentPort.postMessage(getPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1))));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const [priority] = await once(worker, 'message');
  await worker.terminate();
  expect(priority).toBe(Math.min(19, before + 10));
  expect(getPriority(process.pid)).toBe(before);
});
