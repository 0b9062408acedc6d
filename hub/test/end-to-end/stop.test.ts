import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, hubEntry, startHub } from '../../../scripts/hub-process.ts';
import { makeBatch, RawDevice } from './raw-device.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-stop-'));
let hub: HubProcess;

afterEach(() => endProcess(hub?.child, 'SIGKILL'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The folder has had its first start already, so this one prints no link. */
function signInLinkOf(dataFolder: string): string {
  return execFileSync(process.execPath, [hubEntry, 'sign-in-link', '--data', dataFolder], { encoding: 'utf8' }).trim();
}

test('SIGTERM commits and acks what was received, says Goodbye, and exits with 0; all of it is there afterwards', async () => {
  hub = await startHub({ dataFolder: folder, args: ['--commit-ms', '60000', '--ack-ms', '60000'] });
  const client = await HubClient.signIn(hub.signInLink);
  const token = await client.enrol('stopping');
  const device = await RawDevice.start(hub.url, { deviceId: 'stopping', token });
  // The first commit after a pause does not wait; the rest would wait for a minute.
  for (let seq = 1; seq <= 50; seq++) device.send(makeBatch(seq, [seq], { ackNow: seq === 1 }));
  await device.waitForAck(1);
  const ended = endProcess(hub.child, 'SIGTERM');
  const goodbye = await device.next((message) => message.type === 'goodbye');
  expect(goodbye).toMatchObject({ reason: 'restarting' });
  expect(await device.ended).toMatchObject({ code: 1001 });
  expect(device.messages.findLast((message) => message.type === 'ack')).toMatchObject({ seq: 50 });
  expect(await ended).toBe(0);

  hub = await startHub({ dataFolder: folder });
  const again = new HubClient(hub.url, client.cookie);
  const { values } = await again.readAll('stopping', 'n');
  expect(values).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
});

test('a second signal ends at once, though somebody does not let go', async () => {
  hub = await startHub({ dataFolder: folder });
  const client = await HubClient.signIn(signInLinkOf(folder));
  const device = await RawDevice.start(hub.url, { deviceId: 'clinging', token: await client.enrol('clinging') });
  // It never answers the closing handshake, so that an orderly stop has to wait for it.
  device.stopReading();
  const ended = new Promise<number | null>((resolve) => hub.child.once('exit', resolve));
  hub.child.kill('SIGTERM');
  await expect
    .poll(() =>
      fetch(hub.url).then(
        () => 'listens',
        () => 'refuses',
      ),
    )
    .toBe('refuses');
  hub.child.kill('SIGTERM');
  expect(await ended).toBe(143);
});
