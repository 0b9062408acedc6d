/** Every golden capture, whole and damaged in every way that a line can damage it; and what nobody would ever send. */
import { readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { limits } from '@lapwing/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allDialects, openDialects, readPublication, sweepDialects } from './all-dialects.ts';
import type { Finding, Publication } from './dialect.ts';

interface Capture {
  readonly topic: string;
  readonly text?: string;
  readonly hex?: string;
  readonly sender?: string;
  readonly lastKnown?: boolean;
  readonly findings: readonly unknown[];
}

const folder = new URL('./golden/', import.meta.url);
const captures = new Map(
  readdirSync(folder).map((file) => [
    file.replace('.json', ''),
    JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as readonly Capture[],
  ]),
);
const startMs = 1_750_000_000_000;

function publicationOf(capture: Capture, index: number): Publication {
  const bytes = capture.hex === undefined ? Buffer.from(capture.text ?? '') : Buffer.from(capture.hex, 'hex');
  return {
    topic: capture.topic,
    payload: new Uint8Array(bytes),
    isLastKnown: capture.lastKnown === true,
    arrivedMs: startMs + index * 1_000,
    sender: capture.sender ?? null,
  };
}

/** As the captures keep them: bytes as hex. */
function asJson(findings: readonly Finding[]): unknown[] {
  return findings.map((finding) =>
    finding.type === 'reply' && finding.payload instanceof Uint8Array
      ? { ...finding, payload: { hex: Buffer.from(finding.payload).toString('hex') } }
      : finding,
  );
}

/** What the intake may rely on, whatever was sent. */
function checkFindings(findings: readonly Finding[], payloadBytes: number): void {
  // A message of one byte cannot mean a thousand things; a bridge that goes offline speaks for its devices.
  if (findings.length > 200 + payloadBytes) expect.fail(`${findings.length} findings of ${payloadBytes} bytes`);
  for (const finding of findings) {
    if (finding.type === 'fault') {
      if (finding.text === '' || finding.text.length > 1_024) expect.fail('a fault has a text');
      continue;
    }
    if (finding.type === 'reply') continue;
    if (finding.device === '' || finding.device.length > 128) expect.fail(`the device ${finding.device}`);
    if (finding.type !== 'reading') continue;
    const { metric, unit, kind, value, timeMs } = finding;
    const isText = kind === 'text';
    const isSound =
      metric !== '' &&
      Buffer.byteLength(metric) <= limits.metricNameBytesMax &&
      Buffer.byteLength(unit) <= limits.unitBytesMax &&
      (isText
        ? typeof value === 'string' && Buffer.byteLength(value) <= limits.textBytesMax
        : Number.isFinite(value)) &&
      (timeMs === null || (timeMs >= limits.timeMsMin && timeMs <= limits.timeMsMax));
    if (!isSound) expect.fail(JSON.stringify(finding));
  }
}

test('every dialect has at least six captures', () => {
  expect([...captures.keys()].sort()).toEqual(allDialects.map(({ name }) => name).sort());
  for (const [name, list] of captures) expect(list.length, name).toBeGreaterThanOrEqual(6);
});

describe.each([...captures])('%s', (name, list) => {
  test('is known by its topics and says what its captures say', () => {
    const open = openDialects();
    for (const [index, capture] of list.entries()) {
      const found = readPublication(open, publicationOf(capture, index));
      expect(found?.dialect.name, capture.topic).toBe(name);
      expect(asJson(found?.findings ?? []), capture.topic).toEqual(capture.findings);
      checkFindings(found?.findings ?? [], 4_096);
    }
  });

  test('says something sound of every truncation and of flipped bits', () => {
    const open = openDialects();
    for (const [index, capture] of list.entries()) {
      const whole = publicationOf(capture, index);
      readPublication(open, whole);
      const { payload } = whole;
      for (let length = 0; length < payload.length; length++) {
        const cut = { ...whole, payload: payload.slice(0, length) };
        checkFindings(readPublication(open, cut)?.findings ?? [], length + 200);
      }
      // All bits of a short payload; of a long one each eleventh, which visits every place of a byte.
      const step = payload.length <= 128 ? 1 : 11;
      for (let bit = 0; bit < payload.length * 8; bit += step) {
        const flipped = payload.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        checkFindings(readPublication(open, { ...whole, payload: flipped })?.findings ?? [], payload.length + 200);
      }
      readPublication(open, whole);
    }
    checkFindings(
      sweepDialects(open, startMs + 86_400_000).flatMap(({ findings }) => findings),
      4_096,
    );
  });

  test('says something sound of anything on its topics', () => {
    const open = openDialects();
    const payloads = list.map((capture, index) => publicationOf(capture, index).payload);
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json({ maxDepth: 6 }).map((text) => new Uint8Array(Buffer.from(text))),
      // A payload that is right for another topic of the same dialect.
      fc.constantFrom(...payloads),
      fc
        .tuple(fc.constantFrom(...payloads), fc.constantFrom(...payloads))
        .map(([a, b]) => new Uint8Array(Buffer.concat([a.subarray(0, a.length >> 1), b.subarray(b.length >> 1)]))),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...list),
        anything,
        fc.boolean(),
        fc.option(fc.constant('someone')),
        (...[capture, payload, isLastKnown, sender]) => {
          const found = readPublication(open, {
            topic: capture.topic,
            payload,
            isLastKnown,
            arrivedMs: startMs,
            sender,
          });
          checkFindings(found?.findings ?? [], payload.length + 200);
        },
      ),
      { numRuns: 2_000, seed: 17 },
    );
  });
});

test('any topic with any payload has one dialect and sound findings', () => {
  const open = openDialects();
  const topics = [...captures.values()].flatMap((list) => list.map(({ topic }) => topic));
  const level = fc.oneof(fc.constantFrom(...topics.flatMap((topic) => topic.split('/'))), fc.string({ maxLength: 8 }));
  const topic = fc.array(level, { minLength: 1, maxLength: 6 }).map((levels) => levels.join('/'));
  fc.assert(
    fc.property(
      topic,
      fc.oneof(
        fc.uint8Array({ maxLength: 64 }),
        fc.json().map((text) => new Uint8Array(Buffer.from(text))),
      ),
      (topic, payload) => {
        const found = readPublication(open, { topic, payload, isLastKnown: false, arrivedMs: startMs, sender: null });
        checkFindings(found?.findings ?? [], payload.length + 200);
      },
    ),
    { numRuns: 20_000, seed: 4 },
  );
});

test('sixty thousand names cost no more memory than thirty thousand', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapBytes = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  for (const [name, list] of captures) {
    const open = openDialects(allDialects.filter((dialect) => dialect.name === name));
    // The long ones (lists of devices, SENSOR of ten drivers) would only make it take longer.
    const short = list.filter(({ text = '' }) => text.length < 500);
    // Each capture's own words, made somebody else's by a number in topic and payload.
    const speak = (from: number, to: number): void => {
      for (let index = from; index < to; index++) {
        const capture = short[index % short.length]!;
        const mark = index.toString(16).padStart(6, '0');
        const other = (text: string): string => text.replace(/[0-9a-zA-Z]{6}(?=[^0-9a-zA-Z]|$)/g, mark);
        const publication = publicationOf(capture, index);
        const payload =
          capture.text === undefined ? publication.payload : new Uint8Array(Buffer.from(other(capture.text)));
        const levels = capture.topic.split('/');
        const varied = levels
          .map((word, at) => (at > 0 && /\d/.test(word) && word.length > 5 ? word.slice(0, -6) + mark : word))
          .join('/');
        readPublication(open, { ...publication, topic: index % 2 === 0 ? varied : capture.topic, payload });
      }
    };
    speak(0, 30_000);
    const before = heapBytes();
    speak(30_000, 60_000);
    const grownBytes = heapBytes() - before;
    // Thirty thousand of the smallest entries would be more.
    expect(grownBytes, name).toBeLessThan(3_000_000);
  }
}, 120_000);
