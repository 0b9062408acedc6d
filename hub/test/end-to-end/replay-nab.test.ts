import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endProcess } from '../../../scripts/child-processes.ts';
import { HubClient } from '../../../scripts/hub-client.ts';
import { type HubProcess, startHub, startSim } from '../../../scripts/hub-process.ts';

const nabFolder = resolve(process.env.LAPWING_NAB_DIR ?? join(import.meta.dirname, '../../../../shared/data/nab'));
const files = existsSync(nabFolder) ? readdirSync(nabFolder).filter((name) => name.endsWith('.csv')) : [];
const where = files.length > 0 ? '' : ` (no NAB files in ${nabFolder}; name their folder in LAPWING_NAB_DIR)`;

let folder: string;
let hub: HubProcess;
let client: HubClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lapwing-nab-'));
  hub = await startHub({ dataFolder: join(folder, 'hub') });
  client = await HubClient.signIn(hub.signInLink);
});

afterAll(async () => {
  await endProcess(hub?.child, 'SIGTERM');
  rmSync(folder, { recursive: true, force: true });
});

interface Series {
  readonly timesMs: readonly number[];
  readonly values: readonly (number | string)[];
}

/** A file's rows in the order in which the hub answers: by time, and as they stand in the file where times are equal. */
function readCsv(name: string): Series {
  const lines = readFileSync(join(nabFolder, name), 'utf8').trim().split(/\r?\n/).slice(1);
  const rows = lines.map((line) => {
    const [time = '', value = ''] = line.split(',');
    return { timeMs: Date.parse(`${time.trim().replace(' ', 'T')}Z`), value: Number(value) };
  });
  rows.sort((a, b) => a.timeMs - b.timeMs);
  return { timesMs: rows.map(({ timeMs }) => timeMs), values: rows.map(({ value }) => value) };
}

/** Over the bits of times and values: equal to the last of them, or not at all. */
function checksum({ timesMs, values }: Series): string {
  const numbers = Float64Array.from([...timesMs, ...values.map(Number)]);
  return createHash('sha256').update(new Uint8Array(numbers.buffer)).digest('hex');
}

describe.skipIf(files.length === 0)(`NAB replayed as a backfill arrives complete${where}`, () => {
  it.each(files)('%s', async (name) => {
    const id = `nab-${basename(name, '.csv')}`.replaceAll('_', '-');
    const key = await client.makeEnrolmentKey(1);
    const args = ['replay', join(nabFolder, name), '--as', 'backfill', '--hub', hub.url, '--device', id, '--json'];
    const replay = startSim([...args, '--state', join(folder, 'sim')], { env: { LAPWING_ENROLMENT_KEY: key } });
    const code = await new Promise((fulfil) => replay.child.once('exit', fulfil));
    expect({ code, said: code === 0 ? '' : replay.output() }).toEqual({ code: 0, said: '' });

    const expected = readCsv(name);
    const stored = await client.readAll(id, 'value');
    expect(stored.timesMs.length).toBe(expected.timesMs.length);
    expect(checksum(stored)).toBe(checksum(expected));
  });

  it('holds duplicate timestamps, so that the above is worth something', () => {
    const duplicates = files.map((name) => {
      const { timesMs } = readCsv(name);
      return timesMs.length - new Set(timesMs).size;
    });
    expect(Math.max(...duplicates)).toBeGreaterThan(0);
  });
});
