/**
 * The process that store-kill.test.ts kills: opens the store named on its command line, says what it found, then appends for ever and
 * says every receipt. Small bounds, so that sealing, trimming and checkpoints are going on whenever the kill comes.
 */
import { writeSync } from 'node:fs';
import { StoreBench, stream } from './store-bench.ts';

const bench = await StoreBench.open(
  { sealRowsMax: 50, logBytesMax: 4000, checkpointBytes: 100_000 },
  process.argv[2] ?? '',
);
if (bench.state.devices.length === 0) bench.addDevice();
const committed = bench.state.streams[0]?.committedSeq ?? 0;
writeSync(1, `found ${committed} ${await bench.countReadings()}\n`);
let seq = committed;
for (;;) {
  const from = bench.listener.receipts.length;
  for (let i = 0; i < 7; i++) bench.append({ seq: ++seq });
  await bench.listener.until(() => bench.listener.receipts.length > from);
  // Written before the next is appended, so the parent knows of every receipt that a device could have been told of.
  writeSync(1, `acked ${bench.listener.seqOf(stream)}\n`);
}
