/**
 * Scenario `size`: bytes on disk of the same readings in each store, when its background work is done. Real sensors (NAB, from
 * LAPWING_NAB_DIR or ../shared/data/nab), a synthetic fleet on a 0.1 grid, and any CSV file given. Owns nothing but the figures.
 * What a store keeps beside its data (InfluxDB's preallocated index) is left out where it does not grow with it.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { atMost, type Goal, type LoadReport } from '../load-report.ts';
import type { BenchChoice } from './bench-choice.ts';
import { type Contestant, type ContestantName, chooseInstalled, openContestant } from './contestants.ts';
import { readPeerVersions } from './peer-servers.ts';
import { openSource, type SourceDevice, type SourcePlan } from './reading-source.ts';
import { Samples } from './samples.ts';
import { type Digest, digestOf, isSame } from './stored-digests.ts';

interface DataSet {
  readonly name: string;
  readonly source: SourcePlan;
  readonly rowsPerFrame: number;
}

const seriesChecked = 12;

export async function runSize(choice: BenchChoice): Promise<LoadReport> {
  const sets = chooseSets(choice);
  const names: ContestantName[] = choice.peers
    ? chooseInstalled(['hub', 'sqlite', 'influxdb', 'victoria-metrics'])
    : ['hub'];
  const samples = new Samples();
  let different = 0;
  for (let i = 0; i < choice.rounds; i++) {
    samples.add('empty/hub', { bytes: await measureEmpty(choice) });
    for (const set of sets) {
      for (const name of names) different += await takeTurn(name, set, { samples, choice });
    }
  }
  const versions = await readPeerVersions((['influxdb', 'victoria-metrics'] as const).filter((n) => names.includes(n)));
  return {
    scenario: 'size',
    rounds: choice.rounds,
    figures: { sets: sets.map(({ name }) => name).join(', '), ...samples.figures() },
    versions,
    goals: [
      ...sets.flatMap((set) => judgeSet(set.name, samples, names)),
      atMost('series that the hub holds otherwise than sent', different, { most: 0, unit: 'series' }),
    ],
  };
}

function chooseSets(choice: BenchChoice): DataSet[] {
  const sets: DataSet[] = [];
  const nab = process.env.LAPWING_NAB_DIR ?? resolve(import.meta.dirname, '../../../shared/data/nab');
  if (existsSync(nab)) {
    const files = readdirSync(nab).filter((name) => name.endsWith('.csv'));
    sets.push({ name: 'nab', source: { kind: 'csv', files: files.map((name) => join(nab, name)) }, rowsPerFrame: 100 });
  } else console.error(`no NAB files in ${nab}: set LAPWING_NAB_DIR`);
  if (choice.csv.length > 0) {
    const source = { kind: 'csv', files: choice.csv } as const;
    const blank = openSource(source).findIndex(({ readings }) => readings === 0);
    if (blank !== -1) {
      throw new Error(
        `no readings in ${choice.csv[blank]}: a CSV has a time first, then columns, with commas between them`,
      );
    }
    sets.push({ name: 'csv', source, rowsPerFrame: 100 });
  }
  if (choice.quick && sets.length > 0) return sets;
  const fleet = { kind: 'fleet', devices: 24, metrics: 10, fromRow: 0, rows: 8_200, stepMs: 1000 } as const;
  sets.push({ name: 'fleet', source: { ...fleet, startMs: Date.now() - 8_200_000 }, rowsPerFrame: 10 });
  return sets;
}

/** What a hub keeps before the first reading: a page for each table and index, however little they hold. */
async function measureEmpty(choice: BenchChoice): Promise<number> {
  const store = await openContestant('hub', choice.hubArgs);
  try {
    return await store.measureDisk();
  } finally {
    await store.close();
  }
}

async function takeTurn(
  name: ContestantName,
  set: DataSet,
  { samples, choice }: { samples: Samples; choice: BenchChoice },
): Promise<number> {
  console.error(`${set.name}: ${name}`);
  const store = await openContestant(name, choice.hubArgs);
  try {
    const { result } = await store.fill(set.source, {
      rowsPerFrame: set.rowsPerFrame,
      backfill: true,
      isPrebuilt: true,
    });
    const wrong = await countDifferent(store, set.source);
    const folder = store.hub()?.folder;
    const bytes = await store.measureDisk();
    samples.add(`${set.name}/${name}`, {
      readings: result.readings,
      bytes,
      bytesPerReading: bytes / result.readings,
      seriesHeldOtherwise: wrong,
      ...(folder === undefined ? {} : measureTables(folder, result.readings)),
    });
    return name === 'hub' ? wrong : 0;
  } finally {
    await store.close();
  }
}

/** A store may keep one of several readings of one metric at one time, or all of them: both are right here. */
async function countDifferent(store: Contestant, source: SourcePlan): Promise<number> {
  let wrong = 0;
  for (const device of openSource(source).slice(0, seriesChecked)) {
    const metric = device.metrics.findIndex(({ kind }) => kind === 'gauge');
    if (metric === -1) continue;
    const stored = await store.digest({ device: device.id, metric: device.metrics[metric]!.name });
    if (!expectDigests(device, metric).some((expected) => isSame(stored, expected))) wrong += 1;
  }
  return wrong;
}

function expectDigests(device: SourceDevice, metric: number): Digest[] {
  const all: number[] = [];
  const byTime = new Map<number, number>();
  for (let rows = device.take(10_000); rows !== null; rows = device.take(10_000)) {
    for (let r = 0; r < rows.times.length; r++) {
      const value = rows.columns[metric]![r];
      if (typeof value !== 'number') continue;
      all.push(value);
      byTime.set(rows.times[r]!, value);
    }
  }
  return [digestOf(all), digestOf(byTime.values())];
}

/** Pages of the closed file by what they are for. The log is bounded, whatever is stored: `sealed` is what grows with the readings. */
function measureTables(folder: string, readings: number): Record<string, number> {
  const file = readdirSync(folder).find((name) => /\.(db|sqlite)$/.test(name));
  if (file === undefined) return {};
  const database = new Database(join(folder, file), { readonly: true });
  try {
    const rows = database.prepare('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name').all();
    const sized = rows as { name: string; bytes: number }[];
    const of = (pattern: RegExp): number =>
      sized.reduce((sum, { name, bytes }) => (pattern.test(name) ? sum + bytes : sum), 0);
    const rollups = of(/rollup/);
    const blocks = of(/block|column/);
    const parts = { blockBytes: blocks, rollupBytes: rollups, logBytes: of(/^log/) };
    const sealedBytesPerReading = (blocks + rollups) / readings;
    return { ...parts, rollupPercent: (100 * rollups) / blocks, sealedBytesPerReading };
  } finally {
    database.close();
  }
}

function judgeSet(set: string, samples: Samples, names: readonly ContestantName[]): Goal[] {
  const ratio = (other: ContestantName): number => samples.medianRatio('bytes', `${set}/hub`, `${set}/${other}`);
  const bounds = [
    { other: 'influxdb', most: 0.3 },
    { other: 'sqlite', most: 0.1 },
    { other: 'victoria-metrics', most: 1 },
  ] as const;
  const rollups = samples.median(`${set}/hub`, 'rollupPercent');
  return [
    ...bounds
      .filter(({ other }) => names.includes(other))
      .map(({ other, most }) => atMost(`${set}: bytes, hub ÷ ${other}`, ratio(other), { most, unit: 'x' })),
    atMost(`${set}: rollups add`, rollups, { most: 15, unit: '%' }),
  ];
}
