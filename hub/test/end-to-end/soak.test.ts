import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { spawnOwn } from '../../../scripts/child-processes.ts';

async function runSoak(...args: string[]): Promise<{ code: number | null; lastLine: string; errors: string }> {
  const script = resolve(import.meta.dirname, '../../../scripts/soak.ts');
  const child = spawnOwn([process.execPath, script, ...args], { stdio: 'pipe' });
  let [output, errors] = ['', ''];
  child.stdout?.on('data', (chunk) => (output += chunk));
  child.stderr?.on('data', (chunk) => (errors += chunk));
  const code = await new Promise<number | null>((fulfil) => child.once('close', fulfil));
  return { code, lastLine: output.trim().split('\n').at(-1) ?? '', errors };
}

it('npm run soak ends with one object that says what was acked, stored and lost', async () => {
  const { code, lastLine, errors } = await runSoak('--kills', '1', '--boards', '3', '--interval-ms', '50', '--json');
  const report = JSON.parse(lastLine) as { figures: Record<string, number>; goals: { met: boolean }[] };
  expect(report).toMatchObject({ rounds: 1, machine: {}, versions: {}, figures: { lost: 0, duplicated: 0 } });
  for (const name of ['acked', 'stored', 'recoveryMsP50', 'recoveryMsMax'])
    expect(report.figures[name]).toBeGreaterThan(0);
  expect(report.goals.every(({ met }) => met)).toBe(true);
  expect({ code, errors }).toEqual({ code: 0, errors: expect.stringContaining('kill 1 of 1') });
});

it('npm run soak -- --mqtt-kills proves that what was PUBACKed is stored once', async () => {
  const { code, lastLine } = await runSoak('--mqtt-kills', '2', '--boards', '10', '--interval-ms', '50', '--json');
  const report = JSON.parse(lastLine) as { figures: Record<string, number> };
  expect(report).toMatchObject({ rounds: 2, figures: { lost: 0, duplicated: 0, invented: 0, publishers: 10 } });
  expect(report.figures.resent).toBeGreaterThan(0);
  expect(code).toBe(0);
});

it('npm run soak says how it wants to be asked', async () => {
  expect(await runSoak()).toMatchObject({ code: 2, errors: expect.stringContaining('--kills N') });
  expect(await runSoak('--kills', 'many')).toMatchObject({ code: 2, errors: expect.stringContaining('--kills') });
});
