/** `lapwing inbox` against a running hub: who waits is listed, let in, blocked and heard again; and every command explains itself. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { type HubProcess, hubEntry, startHub } from '../../../scripts/hub-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'lapwing-inbox-'));
let hub: HubProcess;
let stranger: MqttClient;

beforeAll(async () => {
  hub = await startHub({ dataFolder: folder, mqttPort: 0, args: ['--mqtt-anonymous'] });
  stranger = await connectAsync(`mqtt://127.0.0.1:${hub.mqttPort}`, { clientId: 'stranger' });
});

afterAll(async () => {
  await stranger.endAsync();
  await endProcess(hub.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function lapwing(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [hubEntry, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

const inbox = (...args: string[]) => lapwing('inbox', ...args, '--data', folder);
/** Answered at QoS 1: it is in the inbox, or passed over, by then. */
const speak = (topic: string, payload = '{"temperature":21.5}') => stranger.publishAsync(topic, payload, { qos: 1 });

test('lists who waits, lets in by either name, blocks, and hears again', { timeout: 60_000 }, async () => {
  for (const name of ['shed', 'roof', 'cellar']) await speak(`${name}/state`);
  await speak('mean/state', '{"state":"a\u009b2Jb"}');
  const listed = await inbox();
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(listed.stdout).toMatch(/^plain\/shed {2}plain, would be plain-shed; 1 message; temperature 21.5/m);
  expect(listed.stdout).toMatch(/state a.2Jb/);
  expect(listed.stdout).not.toContain('\u009b');

  const adopted = await inbox('adopt', 'plain/shed', '--as', 'garden-shed');
  expect(adopted).toEqual({ code: 0, stdout: 'plain/shed: let in as garden-shed\n', stderr: '' });
  expect((await inbox('adopt', 'plain-roof')).stdout).toBe('plain/roof: let in as plain-roof\n');
  expect((await inbox('block', 'plain/cellar', '--json')).stdout).toBe('{"block":[{"id":"plain/cellar"}]}\n');
  await speak('cellar/state');
  const after = JSON.parse((await inbox('--json')).stdout) as { devices: unknown[]; blocked: unknown[] };
  expect(after.devices).toHaveLength(1);
  expect(after.blocked).toEqual([{ id: 'plain/cellar', dialect: 'plain', native: 'cellar', deviceId: 'plain-cellar' }]);
  expect((await inbox('adopt', 'plain-cellar')).stderr).toMatch(
    /plain\/cellar: This device is blocked\. Unblock it first/,
  );

  expect((await inbox('unblock', 'plain-cellar')).code).toBe(0);
  await speak('cellar/state');
  const all = JSON.parse((await inbox('adopt', '--all', '--json')).stdout) as { adopt: { deviceId: string }[] };
  expect(all.adopt.map(({ deviceId }) => deviceId)).toContain('plain-cellar');
  expect((await inbox()).stdout).toBe('Nobody waits in the inbox.\n');
});

test('one that is not there is said, and the others are done all the same', { timeout: 30_000 }, async () => {
  await speak('attic/state');
  const { code, stdout, stderr } = await inbox('adopt', 'plain/nowhere', 'plain/attic');
  expect({ code, stdout }).toEqual({ code: 1, stdout: 'plain/attic: let in as plain-attic\n' });
  expect(stderr).toMatch(/plain\/nowhere: No such device waits in the inbox\. It may/);
});

test('a name that is taken is refused, unless it is said that the same device goes on', {
  timeout: 30_000,
}, async () => {
  await speak('pump-1/state', '{"pressure":2.5}');
  await inbox('adopt', 'plain/pump-1', '--as', 'pump');
  await speak('pump-2/state', '{"pressure":2.6}');
  const refused = await inbox('adopt', 'plain/pump-2', '--as', 'pump');
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/pump is a device already\. .*--join/) });
  expect((await inbox('adopt', 'plain/pump-2', '--join', 'pmup')).stderr).toMatch(/Only a device that is here already/);
  expect((await inbox('adopt', 'plain/pump-2', '--join', 'pump')).stdout).toBe('plain/pump-2: let in as pump\n');
});

test.each([
  [['frobnicate'], /there is no "inbox frobnicate"/],
  [['adopt'], /say whom to adopt/],
  [['adopt', '--all', 'plain/shed'], /--all goes with neither/],
  [['block', '--as', 'x', 'y'], /--all, --as and --join go with adopt/],
  [['adopt', 'a', 'b', '--as', 'c'], /--as names one device/],
  [['adopt', 'a', '--as', 'b', '--join', 'c'], /say one of them/],
  [['adopt', 'a', '--as', 'two words'], /a name has up to 64 letters/],
  [['list', 'a'], /list takes no ids/],
])('inbox %j is a wrong call, and says so in a line', async (args, wrong) => {
  const { code, stderr } = await inbox(...args);
  expect(code).toBe(2);
  expect(stderr.trim()).toMatch(wrong);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

describe('every command has a help text with an example', () => {
  test.each([[''], ['sign-in-link'], ['enrolment-key'], ['api-token'], ['export'], ['import'], ['check'], ['inbox']])(
    'lapwing %s --help',
    async (command) => {
      const { code, stdout } = await lapwing(...[command, '--help'].filter((word) => word !== ''));
      expect(code).toBe(0);
      expect(stdout).toMatch(/^(Usage: lapwing|lapwing — )/);
      expect(stdout).toMatch(/Examples?\n {2}lapwing /);
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(140);
    },
  );
});
