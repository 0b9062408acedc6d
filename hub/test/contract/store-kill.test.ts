/** kill -9 at any moment: everything acked is there once, and nothing is there that was never sent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { device, makeDirectory, StoreBench } from './store-bench.ts';

const child = fileURLToPath(new URL('./store-kill-child.ts', import.meta.url));

/** Runs the child until it has said `acksBeforeKill` acks, kills it, and returns all that it said. */
async function runAndKill(directory: string, acksBeforeKill: number): Promise<{ found: number[]; acked: number }> {
  const run = spawn(process.execPath, [child, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = once(run, 'close');
  let found: number[] = [];
  let acked = 0;
  let acks = 0;
  for await (const line of createInterface({ input: run.stdout })) {
    const [word, ...numbers] = line.split(' ');
    if (word === 'found') found = numbers.map(Number);
    else {
      acked = Number(numbers[0]);
      if (++acks === acksBeforeKill) run.kill('SIGKILL');
    }
  }
  await closed;
  expect(run.signalCode).toBe('SIGKILL');
  return { found, acked };
}

test('twenty kills lose nothing acked and store nothing twice', { timeout: 120_000 }, async () => {
  const directory = makeDirectory();
  let ackedBefore = 0;
  for (let round = 0; round < 20; round++) {
    const { found, acked } = await runAndKill(directory, 1 + ((round * 37) % 60));
    const [committed, readings] = found;
    expect(committed, `round ${round}`).toBeGreaterThanOrEqual(ackedBefore);
    expect(readings, `round ${round}`).toBe(committed);
    expect(acked).toBeGreaterThan(committed!);
    ackedBefore = acked;
  }
  const bench = await StoreBench.open({}, directory);
  const { values, timesMs } = await bench.store.readings({
    device,
    metric: 0,
    fromMs: 0,
    toMs: 1e12,
    limit: 100_000,
    skip: 0,
  });
  expect(values.length).toBeGreaterThanOrEqual(ackedBefore);
  expect([...timesMs]).toEqual(Array.from(values, (_, i) => (i + 1) * 1000));
  expect([...values]).toEqual(Array.from(values, (_, i) => (i + 1) / 10));
  await bench.store.close();
  rmSync(directory, { recursive: true });
});
