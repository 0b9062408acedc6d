import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { endProcess, spawnOwn } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { findFreePort } from '../../../scripts/hub-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-start-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Device {
  readonly id: string;
  readonly presence: string;
  readonly metrics: readonly { readonly name: string; readonly latest: { readonly timeMs: number } | null }[];
}

/** `npm start`, until its output says `wanted`. */
async function start(
  port: number,
): Promise<{ stop: () => Promise<number | null>; find: (wanted: RegExp) => Promise<string> }> {
  const script = resolve(import.meta.dirname, '../../../scripts/start.ts');
  const child = spawnOwn([process.execPath, script, '--data', folder, '--port', String(port)], { stdio: 'pipe' });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  return {
    stop: () => endProcess(child, 'SIGINT'),
    find: async (wanted) => {
      while (!wanted.test(output)) {
        if (child.exitCode !== null) throw new Error(`npm start ended: ${output}`);
        await pause(20);
      }
      return wanted.exec(output)?.[1] ?? '';
    },
  };
}

/** This machine, once it has values. */
async function waitForMachine(client: HubClient, sinceMs: number): Promise<Device> {
  for (;;) {
    const { devices } = await client.get<{ devices: Device[] }>('/devices');
    const live = devices.find(({ metrics }) =>
      metrics.some(({ latest }) => latest !== null && latest.timeMs > sinceMs),
    );
    if (live !== undefined) return live;
    await pause(50);
  }
}

it('npm start: this machine is a device at once, is kept over a restart, and all of it ends with one Ctrl-C', async () => {
  const first = await start(await findFreePort());
  const client = await HubClient.signIn(await first.find(/Sign in once +(http\S+)/));
  const machine = await waitForMachine(client, 0);
  expect(machine.presence).toBe('online');
  expect(machine.metrics.length).toBeGreaterThan(5);
  expect(await first.stop()).toBe(0);
  await expect(fetch(client.url)).rejects.toThrow();

  const stoppedMs = Date.now();
  // At another port, which must not make this machine a stranger.
  const second = await start(await findFreePort());
  const moved = new HubClient(await second.find(/Page +(http\S+)/), client.cookie);
  const again = await waitForMachine(moved, stoppedMs);
  expect(again.id).toBe(machine.id);
  const { name = '' } = again.metrics.find(({ latest }) => latest !== null) ?? {};
  const { timesMs } = await moved.readAll(machine.id, name);
  expect(timesMs[0]).toBeLessThan(stoppedMs);
  expect(timesMs.at(-1)).toBeGreaterThan(stoppedMs);
  expect(await second.stop()).toBe(0);
});
