import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ForeignBench, reading } from '../../test/support/foreign-bench.ts';
import type { Finding, FoundReading } from './dialects/dialect.ts';
import { ForeignBundle } from './foreign-bundle.ts';

const delivery = {
  ...{ dialect: 'plain', topic: 't', payload: new Uint8Array(0), arrivedMs: 7, isLastKnown: false, sender: null },
  ...{ admits: true, once: null, isRepeated: false },
};

function openBundle(): { bundle: ForeignBundle; answers: string[] } {
  const answers: string[] = [];
  return { answers, bundle: new ForeignBundle((ids, { ok }) => answers.push(`${ids.join()} ${ok}`)) };
}

test('messages of one device share a frame and an answer, which comes with the commit', () => {
  const bench = new ForeignBench();
  const { bundle, answers } = openBundle();
  for (const n of [1, 2, 3]) {
    expect(bench.foreign.bundle(bundle, { ...delivery, arrivedMs: n, findings: [reading('a', 't', n)] }, n)).toBe(true);
  }
  expect(bench.core.store.frames).toHaveLength(0);
  bench.foreign.hurryCommits();
  expect(answers).toEqual([]);
  bench.core.store.commit();
  expect(answers).toEqual(['1,2,3 true']);
  expect(bench.core.store.frames).toHaveLength(1);
  expect(bench.stored()).toEqual(['plain-a t=1@1', 'plain-a t=2@2', 'plain-a t=3@3']);
});

test('what is no number of one device closes the bundle first, so that answers keep their order', () => {
  const bench = new ForeignBench();
  const { bundle, answers } = openBundle();
  const say = (findings: readonly Finding[], id: number) => {
    const whole = { ...delivery, findings };
    if (bench.foreign.bundle(bundle, whole, id)) return;
    bench.foreign.take(whole, ({ ok }) => answers.push(`${id} ${ok}`));
  };
  say([reading('a', 't', 1)], 1);
  say([reading('a', 't', 'text')], 2);
  say([reading('a', 't', 3)], 3);
  say([reading('b', 't', 4)], 4);
  say([reading('b', 't', 5), reading('a', 't', 5)], 5);
  bench.core.store.commit();
  expect(answers).toEqual(['1 true', '2 true', '3 true', '4 true', '5 true']);
});

test('the same device by another link comes behind', () => {
  const bench = new ForeignBench();
  const [one, two] = [openBundle(), openBundle()];
  bench.foreign.bundle(one.bundle, { ...delivery, findings: [reading('a', 't', 1)] }, 1);
  bench.foreign.bundle(two.bundle, { ...delivery, findings: [reading('a', 't', 2)] }, 1);
  bench.foreign.hurryCommits();
  bench.core.store.commit();
  expect(bench.stored()).toEqual(['plain-a t=1@7', 'plain-a t=2@7']);
});

test('a store that is full is told to whoever waits, and to nobody who does not', () => {
  const bench = new ForeignBench();
  const { bundle, answers } = openBundle();
  bench.foreign.bundle(bundle, { ...delivery, findings: [reading('a', 't', 1)] }, 9);
  bench.foreign.hurryCommits();
  bench.core.store.abandon();
  expect(answers).toEqual(['9 false']);
  bench.foreign.bundle(bundle, { ...delivery, findings: [reading('a', 't', 2)] }, 0);
  bench.foreign.hurryCommits();
  bench.core.store.abandon();
  expect(answers).toEqual(['9 false']);
});

test('in a bundle or alone, the same is stored', () => {
  const readings = fc.array(
    fc.record({
      metric: fc.constantFrom('a', 'b', 'c'),
      kind: fc.constantFrom('gauge' as const, 'bool' as const, 'counter' as const),
      unit: fc.constantFrom('', 'W'),
      value: fc.constantFrom(0, 1, 0.1, -3.25, 1e300),
      timeMs: fc.constantFrom(null, null, 5),
    }),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(fc.array(readings, { maxLength: 12 }), (messages) => {
      const [alone, together] = [new ForeignBench(), new ForeignBench()];
      const { bundle } = openBundle();
      messages.forEach((message, i) => {
        const findings = message.map((one): FoundReading => {
          const value = one.kind === 'bool' ? Number(one.value !== 0) : one.value;
          return { ...one, type: 'reading', device: 'x', value, isHistorical: false };
        });
        const whole = { ...delivery, arrivedMs: 10 + Math.floor(i / 3), findings };
        alone.foreign.take(whole, () => undefined);
        if (!together.foreign.bundle(bundle, whole, i + 1)) together.foreign.take(whole, () => undefined);
      });
      for (const bench of [alone, together]) {
        bench.foreign.hurryCommits();
        bench.core.store.commit();
      }
      expect(together.stored().sort()).toEqual(alone.stored().sort());
    }),
  );
});
