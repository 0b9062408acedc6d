/** A device that draws a new epoch at each boot: all its readings stay, though the writer does not keep a head for each stream. */
import { afterEach, expect, test } from 'vitest';
import type { StreamKey } from '../../src/core/ports.ts';
import { device, deviceChanges, StoreBench } from './store-bench.ts';

const benches: StoreBench[] = [];
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.end();
});

const boots = 120;
const readingsOfBoot = 30;

async function fill(bench: StoreBench): Promise<void> {
  for (const change of deviceChanges) bench.store.change(change);
  for (let boot = 1; boot <= boots; boot++) {
    const key = boot as StreamKey;
    if (boot > 1) {
      bench.store.change({ kind: 'stream', key, device, epoch: 1000 + boot, createdMs: boot });
      bench.store.change({ kind: 'table', stream: key, table: [0, 1] });
    }
    for (let seq = 1; seq <= readingsOfBoot; seq++) {
      const second = (boot - 1) * readingsOfBoot + seq;
      const columns = [{ metric: 0, cells: [second] }];
      bench.append({ stream: key, seq, times: [second * 1000], arrivedMs: second * 1000, columns });
    }
    if (boot % 10 === 0) expect(await bench.countReadings()).toBe(boot * readingsOfBoot);
  }
}

async function expectAll(bench: StoreBench): Promise<void> {
  const asked = { device, metric: 0, fromMs: 0, toMs: 1e9, limit: 100_000, skip: 0 };
  const { values } = await bench.store.readings(asked);
  expect([...values]).toEqual(Array.from({ length: boots * readingsOfBoot }, (_, i) => i + 1));
}

test.each([1e6, 2000])(
  'all are known at the start with what they hold, every reading is there (log of %d bytes)',
  async (logBytesMax) => {
    const first = await StoreBench.open({ logBytesMax, sealRowsMax: 7 });
    benches.push(first);
    await fill(first);
    await expectAll(first);
    const crashed = await StoreBench.open({ logBytesMax }, first.copyFiles());
    benches.push(crashed);
    expect(crashed.state.streams.map(({ key }) => key)).toEqual(Array.from({ length: boots }, (_, i) => i + 1));
    expect(crashed.state.streams.every(({ committedSeq }) => committedSeq === readingsOfBoot)).toBe(true);
    await expectAll(crashed);
    // The hub's core may still hold a stream that the store has put away: it goes on where it was.
    const seq = readingsOfBoot + 1;
    const columns = [{ metric: 0, cells: [boots * readingsOfBoot + 1] }];
    expect(crashed.append({ stream: 3, seq, times: [1e8], columns })).toBe(true);
    expect(await crashed.countReadings()).toBe(boots * readingsOfBoot + 1);
  },
);
