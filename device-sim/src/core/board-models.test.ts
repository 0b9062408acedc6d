import { deviceIdPattern } from '@lapwing/protocol';
import { expect, test } from 'vitest';
import { type BoardModel, type BoardType, makeBoard, nameBoard } from './board-models.ts';
import { ThermalChip } from './board-physics.ts';

const types: readonly BoardType[] = ['computer', 'climate', 'power', 'door', 'battery', 'plain'];

function run(board: BoardModel, rows: number): { values: number[][]; events: string[] } {
  const values: number[][] = [];
  const events: string[] = [];
  const whole = new Float64Array(board.metrics.length);
  for (let row = 0; row < rows; row++) {
    const event = board.sample(1_700_000_000_000 + row * 1000, whole);
    values.push([...whole]);
    if (event !== null) events.push(event.code);
  }
  return { values, events };
}

test.each(types)('%s: the seed decides every value', (type) => {
  const options = { seed: 5, board: 3, plainMetrics: 4 };
  expect(run(makeBoard(type, options), 300)).toEqual(run(makeBoard(type, options), 300));
  const other = run(makeBoard(type, { ...options, seed: 6 }), 300);
  expect(other.values).not.toEqual(run(makeBoard(type, options), 300).values);
});

test.each(types)('%s: values are whole numbers that a batch can hold', (type) => {
  const board = makeBoard(type, { seed: 1, board: 0, plainMetrics: 10 });
  for (const row of run(board, 500).values) for (const value of row) expect(Number.isSafeInteger(value)).toBe(true);
  expect(new Set(board.metrics.map(({ name }) => name)).size).toBe(board.metrics.length);
});

test('names are unique device ids, the same for the same seed', () => {
  const names = Array.from({ length: 2_000 }, (_, board) => nameBoard(9, board));
  expect(new Set(names).size).toBe(2_000);
  for (const name of names) expect(name).toMatch(deviceIdPattern);
  expect(names[40]).toBe(nameBoard(9, 40));
});

test('plain: n counts rows 1, 2, 3…', () => {
  const { values } = run(makeBoard('plain', { seed: 1, board: 0, plainMetrics: 3 }), 5);
  expect(values.map(([n]) => n)).toEqual([1, 2, 3, 4, 5]);
});

test('counters only rise', () => {
  for (const type of types) {
    const board = makeBoard(type, { seed: 3, board: 1, plainMetrics: 2 });
    const { values } = run(board, 400);
    for (const [index, { kind }] of board.metrics.entries()) {
      if (kind !== 'counter') continue;
      for (let row = 1; row < values.length; row++) {
        expect(values[row]![index]).toBeGreaterThanOrEqual(values[row - 1]![index]!);
      }
    }
  }
});

test('a door tells each change as an event, in step with its bool', () => {
  const { events, values } = run(makeBoard('door', { seed: 4, board: 2, plainMetrics: 0 }), 3_000);
  let changes = 0;
  for (let row = 1; row < values.length; row++) if (values[row]![0] !== values[row - 1]![0]) changes += 1;
  expect(events.length).toBe(changes);
  expect(changes).toBeGreaterThan(5);
});

test('a chip warms up slowly, throttles at 80 °C and recovers below 76 °C', () => {
  const chip = new ThermalChip({ celsius: 30, kelvinPerWatt: 10.5, tauS: 45 });
  chip.advance(1, { ambientCelsius: 22, load: 1 });
  expect(chip.celsius).toBeLessThan(33);
  let hottest = 0;
  for (let second = 0; second < 600; second++) {
    chip.advance(1, { ambientCelsius: 22, load: 1 });
    hottest = Math.max(hottest, chip.celsius);
  }
  expect(hottest).toBeGreaterThanOrEqual(80);
  expect(hottest).toBeLessThan(82);
  for (let second = 0; second < 300; second++) chip.advance(1, { ambientCelsius: 22, load: 0.05 });
  expect(chip.throttled).toBe(false);
});

test('some of many computers throttle, most do not', () => {
  let throttling = 0;
  for (let board = 0; board < 40; board++) {
    const { events } = run(makeBoard('computer', { seed: 2, board, plainMetrics: 0 }), 1_800);
    if (events.includes('throttled')) throttling += 1;
  }
  expect(throttling).toBeGreaterThan(0);
  expect(throttling).toBeLessThan(20);
});
