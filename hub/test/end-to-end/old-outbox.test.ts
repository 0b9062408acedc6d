/** SPEC DL-16 with the real hub: a machine whose state directory is an old copy, as after restoring an SD card. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type HostHandle, startHost } from '../../../device-sim/src/host.ts';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub } from '../../../scripts/hub-process.ts';

let folder: string;
let hub: HubProcess;
let client: HubClient;
let key: string;
let notes: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lapwing-old-outbox-'));
  hub = await startHub({ dataFolder: join(folder, 'hub') });
  client = await HubClient.signIn(hub.signInLink);
  key = await client.makeEnrolmentKey(1);
  notes = [];
});
afterEach(async () => {
  await endProcess(hub.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

const startAgent = (): Promise<HostHandle> =>
  startHost({
    hub: hub.url,
    key,
    state: join(folder, 'state'),
    deviceId: 'restored',
    intervalMs: 100,
    outboxBytesMax: 1 << 20,
    hostOnNote: (_level, text) => notes.push(text),
  });

/** Waits for what processes bring about; the test's own time limit is the bound. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function stopAgent(host: HostHandle): Promise<number> {
  host.stop();
  await host.done;
  expect(host.stats().waiting).toBe(0);
  return host.stats().samples;
}

const endHub = (): Promise<unknown> => endProcess(hub.child, 'SIGTERM');
const restartHub = async (): Promise<void> => {
  hub = await startHub({ dataFolder: join(folder, 'hub'), port: hub.port });
};

it.each([
  { when: 'at once', samplesBefore: 0 },
  { when: 'and more is made before the hub is there than it had heard', samplesBefore: 20 },
])(
  'DL-16: restored $when: all that was ever made is stored, what is made now once',
  async ({ samplesBefore }) => {
    let host = await startAgent();
    // Acks are lazy, so that some wait at most times.
    await until(() => host.stats().readingsAcked > 0 && host.stats().waiting >= 3);
    cpSync(join(folder, 'state'), join(folder, 'copy'), { recursive: true });
    const copied = host.stats().samples;
    await until(() => host.stats().samples >= copied + 6);
    const madeFirst = await stopAgent(host);
    const { epoch } = host.stats();

    rmSync(join(folder, 'state'), { recursive: true });
    cpSync(join(folder, 'copy'), join(folder, 'state'), { recursive: true });
    if (samplesBefore > 0) await endHub();
    const restoredMs = Date.now();
    host = await startAgent();
    await until(() => host.stats().samples >= samplesBefore);
    expect(samplesBefore === 0 || samplesBefore > madeFirst - copied).toBe(true);
    if (samplesBefore > 0) await restartHub();
    await until(() => host.stats().epoch !== epoch && host.stats().readingsAcked > 0);
    const madeAgain = await stopAgent(host);
    expect(notes.filter((text) => /old copy/.test(text)).length).toBe(1);

    const { timesMs } = await client.readAll('restored', 'agent.memory');
    expect(new Set(timesMs).size).toBe(madeFirst + madeAgain);
    const fresh = timesMs.filter((timeMs) => timeMs >= restoredMs);
    expect(fresh.length).toBe(madeAgain);
    expect(timesMs.length).toBeGreaterThan(madeFirst + madeAgain);
  },
  40_000,
);
