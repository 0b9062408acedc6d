import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ForeignBench } from '../../test/support/foreign-bench.ts';
import { allDialects } from './dialects/all-dialects.ts';
import { ForeignBundle } from './foreign-bundle.ts';
import { ForeignDesk } from './foreign-desk.ts';
import { TopicHabit } from './foreign-habit.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A channel with all dialects, and a sender that says everything on one topic. */
class HabitBench {
  readonly foreign = new ForeignBench();
  readonly channel = new ForeignDesk(allDialects, this.foreign.foreign).open({});
  readonly habit: TopicHabit;
  private readonly bundle = new ForeignBundle(() => undefined);
  private readonly topic: string;
  private now = 1_000_000;

  constructor(topic: string) {
    this.topic = topic;
    this.foreign.core.roster.enrol('board', 0);
    this.habit = new TopicHabit(topic, 'board');
  }

  /** Whether it was read by habit. */
  say(payload: Uint8Array, mayBeAlike = true): boolean {
    const { habit, bundle, topic } = this;
    const arrivedMs = this.now++;
    const into = { bundle, packetId: 0, habit };
    const alike = { bytes: payload, from: 0, to: payload.length, arrivedMs, once: null };
    if (mayBeAlike && this.channel.takeAlike(alike, into)) return true;
    const publication = { topic, payload, isLastKnown: false, arrivedMs, sender: 'board' };
    this.channel.takeBundled(publication, { admits: true, once: null, isRepeated: false }, into);
    return false;
  }

  stored(): string[] {
    this.foreign.foreign.hurryCommits();
    this.foreign.core.store.commit();
    return this.foreign.stored();
  }
}

test('what is said again and again is read by habit, once its shape is known', () => {
  const bench = new HabitBench('a/board');
  const said = [1, 2, -3.5].map((n) => bench.say(bytesOf(`{"t":${n},"in":{"h":40}}`)));
  expect(said).toEqual([false, true, true]);
  expect(bench.stored()).toEqual(
    ['t=1@1000000', 't=2@1000001', 't=-3.5@1000002', 'in.h=40@1000000', 'in.h=40@1000001', 'in.h=40@1000002'].map(
      (line) => `board ${line}`,
    ),
  );
});

test('a number that is no reading’s value teaches nothing', () => {
  const payloads = [
    '{"ts":1700000000,"n":1}',
    '{"a":"7","ts":7}',
    '{"a":1,"a":2}',
    '{"2":1,"1":2}',
    '{"on":true,"n":1}',
  ];
  for (const payload of payloads) {
    const bench = new HabitBench('a/board');
    bench.say(bytesOf(payload));
    expect(bench.habit.isLearnt, payload).toBe(false);
  }
});

test('shapes that change with each message are not learnt for ever', () => {
  const bench = new HabitBench('a/board');
  let learnt = 0;
  let readings = bench.habit.readings;
  for (let i = 0; i < 50; i++) {
    bench.say(bytesOf(`{"m${i}":1}`));
    if (bench.habit.readings !== readings) learnt += 1;
    readings = bench.habit.readings;
  }
  expect(learnt).toBe(4);
});

test('a dialect that was told since of a topic has it', () => {
  const bench = new HabitBench('house/board/state');
  for (const n of [1, 2]) bench.say(bytesOf(`{"t":${n}}`));
  const config = { state_topic: 'house/board/state', value_template: '{{ value_json.t }}', name: 'T', unique_id: 'u' };
  const payload = bytesOf(JSON.stringify(config));
  const topic = 'homeassistant/sensor/u/config';
  const admitted = { admits: true, once: null, isRepeated: false };
  const from = { topic, payload, isLastKnown: false, arrivedMs: 0, sender: 'board' };
  bench.channel.take(from, admitted, null);
  expect(bench.say(bytesOf('{"t":3}'))).toBe(false);
});

test('by habit or by its dialect, the same is stored', () => {
  const number = fc.constantFrom('1', '-2.5', '1e3', '0.1', '12345678901234567', '1700000000', '-0');
  const name = fc.constantFrom('a', 'energy_total', 'ts', 'data', 'values', '7', 'ü', 'x"y');
  const value = fc.oneof(
    { weight: 5, arbitrary: number },
    fc.constantFrom('true', 'null', '"on"', '"5"', '[1,2]', '{"b":1}'),
  );
  const payload = fc.array(fc.tuple(name, value), { maxLength: 3 }).map((members) => {
    return `{${members.map(([one, said]) => `${JSON.stringify(one)}:${said}`).join(',')}}`;
  });
  // A device says the same few shapes with other numbers.
  const script = fc.array(payload, { minLength: 1, maxLength: 3 }).chain((shapes) =>
    fc.array(fc.tuple(fc.constantFrom(...shapes), fc.array(number, { minLength: 4, maxLength: 4 })), {
      maxLength: 12,
    }),
  );
  let byHabit = 0;
  fc.assert(
    fc.property(script, (messages) => {
      const [short, long] = [new HabitBench('a/board'), new HabitBench('a/board')];
      for (const [shape, numbers] of messages) {
        let i = 0;
        const bytes = bytesOf(shape.replace(/:-?\d[\d.e]*/g, () => `:${numbers[i++ % 4]}`));
        if (short.say(bytes)) byHabit += 1;
        long.say(bytes, false);
      }
      expect(short.stored().toSorted()).toEqual(long.stored().toSorted());
    }),
    { numRuns: 300 },
  );
  expect(byHabit).toBeGreaterThan(50);
});
