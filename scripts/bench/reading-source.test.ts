import { expect, it } from 'vitest';
import { encodeLines } from './line-protocol.ts';
import { type FleetPlan, openSource, type SourceRows } from './reading-source.ts';

const plan: FleetPlan = { kind: 'fleet', devices: 2, metrics: 2, fromRow: 0, rows: 7, stepMs: 1000, startMs: 5000 };

const takeAll = (of: FleetPlan, rowsMax: number): { times: number[]; values: unknown[] } => {
  const times: number[] = [];
  const values: unknown[] = [];
  const device = openSource(of)[1]!;
  for (let rows = device.take(rowsMax); rows !== null; rows = device.take(rowsMax)) {
    times.push(...rows.times);
    for (let r = 0; r < rows.times.length; r++) values.push(rows.columns.map((column) => column[r]));
  }
  return { times, values };
};

it('gives the same readings in steps of any size', () => {
  expect(takeAll(plan, 3)).toEqual(takeAll(plan, 7));
  expect(takeAll(plan, 3).times).toEqual([5000, 6000, 7000, 8000, 9000, 10_000, 11_000]);
});

it('goes on where an earlier plan ended', () => {
  const first = takeAll({ ...plan, rows: 4 }, 10);
  const second = takeAll({ ...plan, fromRow: 4, rows: 3 }, 10);
  expect([...first.values, ...second.values]).toEqual(takeAll(plan, 10).values);
});

it('writes every reading as a line, devices in turns', () => {
  const lines = [...encodeLines(openSource(plan), { rowsPerTurn: 2, linesPerPost: 5 })].map((body) =>
    String(body).split('\n'),
  );
  expect(lines.map((body) => body.length)).toEqual([5, 5, 4]);
  const all = lines.flat();
  expect(all[0]).toMatch(/^r,dev=fleet-00000 m0=[\d.]+,m1=[\d.]+ 5000$/);
  const turns = all.map((line) => line.slice(6, 17)).join(' ');
  const [a, b] = ['fleet-00000', 'fleet-00001'];
  expect(turns).toBe([a, a, b, b, a, a, b, b, a, a, b, b, a, b].join(' '));
});

it('leaves out what no peer can take, and escapes names and texts', () => {
  const waiting: SourceRows[] = [
    {
      times: Float64Array.of(1, 2, 3),
      columns: [
        [1.5, Number.NaN, null],
        ['say "x"', null, 'y'],
      ],
    },
  ];
  const device = {
    id: 'd',
    metrics: [
      { name: 'a b', unit: '', kind: 'gauge' as const },
      { name: 't', unit: '', kind: 'text' as const },
    ],
    rows: 3,
    readings: 4,
    take: () => waiting.pop() ?? null,
  };
  const [body] = encodeLines([device], { rowsPerTurn: 9, linesPerPost: 9 });
  expect(String(body).split('\n')).toEqual(['r,dev=d a\\ b=1.5,t="say \\"x\\"" 1', 'r,dev=d t="y" 3']);
});
