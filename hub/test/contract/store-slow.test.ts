/** A fleet of which each device says something every five minutes: neither the log nor the number of blocks grows with the days. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DeviceKey, StoreChange, StreamKey } from '../../src/core/ports.ts';
import { GroupBuilder } from '../../src/store/group.ts';
import { Ledger } from '../../src/store/ledger.ts';
import { makeDirectory } from './store-bench.ts';
import { encodeBatch } from './store-model.ts';

const devices = 40;
const metrics = [0, 1, 2, 3, 4];
const stepMs = 300_000;
const days = 4;
const logBytesMax = 32_768;

const begin = (key: number): StoreChange[] => [
  { kind: 'device', key: key as DeviceKey, deviceId: `slow-${key}`, model: '', firmware: '', createdMs: 0 },
  {
    kind: 'metrics',
    device: key as DeviceKey,
    firstIndex: 0,
    metrics: metrics.map((metric) => ({ name: `m${metric}`, unit: '', kind: 'gauge' })),
  },
  { kind: 'stream', key: key as StreamKey, device: key as DeviceKey, epoch: key, createdMs: 0 },
  { kind: 'table', stream: key as StreamKey, table: metrics },
];

function commitStep(ledger: Ledger, step: number): number {
  const group = new GroupBuilder(new Uint8Array(4096));
  const [seq, timeMs] = [step + 1, step * stepMs];
  for (let stream = 1; stream <= devices; stream++) {
    const columns = metrics.map((metric) => ({ metric, cells: [((step * (metric + 1) + stream) % 50) / 10] }));
    const batch = { stream, seq, arrivedMs: timeMs, times: [timeMs], columns };
    group.append({
      stream: stream as StreamKey,
      seq,
      arrivedMs: timeMs,
      frame: encodeBatch(batch, (metric) => metric),
    });
  }
  const bytes = group.finish();
  const changes = step === 0 ? Array.from({ length: devices }, (_, i) => begin(i + 1)).flat() : [];
  ledger.commit({ bytes, frames: group.frames, changes });
  ledger.decode(bytes);
  return bytes.length;
}

test('the log stays within its budget, and a device has a few blocks', { timeout: 60_000 }, () => {
  const directory = makeDirectory();
  const bounds = { sealRowsMax: 4096, logBytesMax, headBytesMax: 1e7, checkpointBytes: 1e6, pagesMax: undefined };
  const ledger = new Ledger({ file: join(directory, 'lapwing.db'), ...bounds });
  const steps = (days * 86_400_000) / stepMs;
  for (let step = 0; step < steps; step++) {
    const groupBytes = commitStep(ledger, step);
    expect(ledger.log.groupBytes).toBeLessThanOrEqual(logBytesMax + groupBytes);
    while (ledger.maintain(performance.now()));
    expect(ledger.log.groupBytes).toBeLessThanOrEqual(logBytesMax);
  }
  const counts = ledger.connection.prepare(
    'SELECT count(*) AS blocks, sum(row_count) AS rows FROM blocks GROUP BY stream',
  );
  for (const { blocks, rows } of counts.all() as { blocks: number; rows: number }[]) {
    expect(blocks).toBeLessThanOrEqual(16);
    expect(rows).toBeGreaterThan(steps * 0.95);
  }
  expect(ledger.rowsMerged).toBeLessThanOrEqual(4 * steps * devices);
  ledger.close();
  rmSync(directory, { recursive: true });
});
