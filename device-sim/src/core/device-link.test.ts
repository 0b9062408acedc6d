import { decodeMessage, encodeMessage, type HubMessage, type MetricDeclaration } from '@lapwing/protocol';
import { beforeEach, expect, test } from 'vitest';
import { BatchWriter } from './batch-writer.ts';
import { DeviceLink } from './device-link.ts';
import { LatencyHistogram } from './latency-histogram.ts';
import type { LinkAction, LinkEvent } from './link-types.ts';
import { MemoryOutbox } from './memory-outbox.ts';

const metrics: readonly MetricDeclaration[] = [{ name: 'n', unit: '', kind: 'counter' }];
const writer = new BatchWriter();
let outbox: MemoryOutbox;
let link: DeviceLink;
let nowMs: number;
let clockMs: number;

beforeEach(() => {
  nowMs = 1_000;
  clockMs = 1_700_000_000_000;
  outbox = new MemoryOutbox({ epoch: 77, framesMax: 8, bytesMax: 1e6 });
  link = new DeviceLink({
    deviceId: 'board-1',
    token: 'secret',
    model: 'm',
    firmware: 'f',
    metrics,
    outbox,
    random: () => 0.5,
    ackLatency: new LatencyHistogram(),
    hasClock: true,
    drainMs: 2_000,
  });
});

function step(event: LinkEvent, afterMs = 0): readonly LinkAction[] {
  nowMs += afterMs;
  clockMs += afterMs;
  return link.step(event, { nowMs, clockMs });
}

function hear(message: HubMessage): readonly LinkAction[] {
  return step({ name: 'heard', message });
}

function welcome(committedSeq: number, inFlightMax = 4): HubMessage {
  const bounds = { frameBytesMax: 65_536, batchRowsMax: 4_096, metricsMax: 1_024, inFlightMax };
  const times = { serverMs: clockMs + 250, ackIntervalMs: 2_000, heartbeatMs: 10_000 };
  return { type: 'welcome', version: 1, committedSeq, ...times, ...bounds };
}

function append(count = 1): void {
  for (let i = 0; i < count; i++) {
    const seq = outbox.nextSeq();
    const times = Float64Array.of(clockMs);
    writer.begin({ seq, ackNow: false, backfill: false, rows: 1, columns: 1, times });
    writer.putDecimals(0, 0, { whole: Float64Array.of(seq), from: 0, rows: 1 });
    outbox.append(writer.finish(), { readings: 1, fromMs: clockMs, toMs: clockMs });
  }
}

/** What goes over the wire, in words. */
function said(actions: readonly LinkAction[]): string[] {
  return actions.flatMap((action) => {
    if (action.do !== 'send') return [];
    const decoded = decodeMessage(action.frame, 'device');
    if (!decoded.ok) throw new Error(decoded.text);
    const { message } = decoded;
    if (message.type === 'batch') return [`batch ${message.seq}${message.backfill ? ' late' : ''}`];
    if (message.type === 'skipped') return [`skipped ${message.fromSeq}-${message.toSeq} ${message.reason}`];
    if (message.type === 'commandResult') return [`result ${message.id} ${message.ok} ${message.result}`];
    return [message.type];
  });
}

function done(actions: readonly LinkAction[]): string[] {
  return actions.map((action) => action.do);
}

function cutAndReconnect(): void {
  step({ name: 'closed', code: 1006, httpStatus: 0, retryAfterMs: 0, text: '' });
  step({ name: 'due' }, 250);
  step({ name: 'opened' });
}

function goLive(committedSeq = 0, inFlightMax = 4): readonly LinkAction[] {
  step({ name: 'start' });
  step({ name: 'opened' });
  return hear(welcome(committedSeq, inFlightMax));
}

test('SE-2: Hello is first and alone until Welcome', () => {
  append(2);
  expect(done(step({ name: 'start' }))).toEqual(['connect']);
  expect(said(step({ name: 'opened' }))).toEqual(['hello']);
  expect(said(step({ name: 'appended' }))).toEqual([]);
  expect(said(hear(welcome(0)))).toEqual(['batch 1', 'batch 2']);
  expect(link.stage.name).toBe('live');
});

test('SE-6: a metric learnt later is declared behind the others, before its data', () => {
  goLive();
  const actions = step({ name: 'declared', metrics: [{ name: 'x', unit: 'W', kind: 'gauge' }] });
  expect(said(actions)).toEqual(['declare']);
  const [declare] = actions;
  if (declare?.do !== 'send') throw new Error('nothing was sent');
  expect(decodeMessage(declare.frame, 'device')).toMatchObject({ message: { firstIndex: 1 } });
});

test('DL-3: Welcome drops what the hub holds and goes on behind it', () => {
  append(5);
  goLive();
  cutAndReconnect();
  expect(said(hear(welcome(3)))).toEqual(['batch 4', 'batch 5']);
  expect(outbox.counts().frames).toBe(2);
  expect(link.window.readingsAcked).toBe(3);
});

test('DL-3: after a broken link everything unacked is sent again', () => {
  goLive();
  append(2);
  expect(said(step({ name: 'appended' }))).toEqual(['batch 1', 'batch 2']);
  cutAndReconnect();
  expect(said(hear(welcome(1)))).toEqual(['batch 2']);
});

test('DL-4: an Ack for more than was sent ends the link', () => {
  goLive();
  append();
  step({ name: 'appended' });
  expect(done(hear({ type: 'ack', seq: 2 }))).toEqual(['note', 'close']);
  expect(outbox.counts().frames).toBe(1);
});

test('DL-7: what overflowed is said in its place, with the number of readings', () => {
  append(11);
  expect(said(goLive(0, 64))).toEqual(['skipped 1-3 overflow', ...[4, 5, 6, 7, 8, 9, 10, 11].map((n) => `batch ${n}`)]);
});

test('DL-8: a hub that lost what it acked gets acked-elsewhere for it', () => {
  goLive();
  append(3);
  step({ name: 'appended' });
  hear({ type: 'ack', seq: 3 });
  append();
  cutAndReconnect();
  expect(said(hear(welcome(1)))).toEqual(['skipped 2-3 acked-elsewhere', 'batch 4']);
  expect(link.window.regressions).toBe(1);
});

test('DL-16: a hub that holds what was never sent makes a new epoch, in a new link, of all that is held', () => {
  append(2);
  step({ name: 'start' });
  step({ name: 'opened' });
  const actions = hear(welcome(5));
  expect(done(actions)).toEqual(['note', 'close', 'connect']);
  expect(outbox.epoch).not.toBe(77);
  const [hello] = step({ name: 'opened' });
  if (hello?.do !== 'send') throw new Error('nothing was sent');
  expect(decodeMessage(hello.frame, 'device')).toMatchObject({ message: { epoch: outbox.epoch } });
  append();
  expect(said(hear(welcome(0, 64)))).toEqual(['batch 1', 'batch 2', 'batch 3']);
  hear({ type: 'ack', seq: 3 });
  expect(link.window.readingsAcked).toBe(3);
  expect(link.window.regressions).toBe(0);
});

test('DL-16: also when more was made while the hub was away than the hub holds', () => {
  append(8);
  step({ name: 'start' });
  step({ name: 'opened' });
  hear(welcome(5));
  step({ name: 'opened' });
  expect(said(hear(welcome(0, 64))).length).toBe(8);
});

test('DL-16: what was sent in this run, or may have been in one before, is no old copy', () => {
  goLive();
  append(2);
  step({ name: 'appended' });
  cutAndReconnect();
  append();
  expect(said(hear(welcome(2)))).toEqual(['batch 3']);
  expect(outbox.epoch).toBe(77);
});

test('DL-16: a hub that says so of the new epoch too is not asked again at once', () => {
  append(2);
  goLive(5);
  step({ name: 'opened' });
  expect(done(hear(welcome(5)))).toEqual(['note', 'close']);
  expect(link.wakeMs - nowMs).toBe(60_250);
  expect(outbox.counts().frames).toBe(2);
});

test('DL-10, DL-11: no more than inFlightMax unacked; an Ack is asked for when more waits', () => {
  append(7);
  expect(said(goLive(0, 4))).toEqual(['batch 1', 'batch 2', 'flush', 'batch 3', 'batch 4', 'flush']);
  expect(link.window.inFlight()).toBe(4);
  expect(said(hear({ type: 'ack', seq: 2 }))).toEqual(['batch 5', 'batch 6', 'flush']);
  expect(said(hear({ type: 'ack', seq: 6 }))).toEqual(['batch 7']);
});

test('DL-13: what is older than a minute leaves as backfill', () => {
  append();
  nowMs += 61_000;
  clockMs += 61_000;
  append();
  expect(said(goLive())).toEqual(['batch 1 late', 'batch 2']);
});

test('SE-10: Ping is answered; 2.5 heartbeats of silence end the link', () => {
  goLive();
  expect(said(hear({ type: 'ping', sentMs: 5 }))).toEqual(['pong']);
  expect(said(step({ name: 'due' }, 10_000))).toEqual(['ping']);
  step({ name: 'due' }, 14_999);
  expect(link.stage.name).toBe('live');
  expect(done(step({ name: 'due' }, 1))).toEqual(['note', 'close']);
  expect(link.stage.name).toBe('waiting');
});

test('SE-11: the offset comes from Welcome, then from the Pong with the best round trip', () => {
  goLive();
  expect(link.clock.offsetMs).toBe(250);
  clockMs += 20;
  hear({ type: 'pong', pingSentMs: clockMs - 20, clockMs: clockMs + 90 });
  expect(link.clock.offsetMs).toBe(100);
  hear({ type: 'pong', pingSentMs: clockMs - 900, clockMs: clockMs + 5_000 });
  expect(link.clock.offsetMs).toBe(100);
});

test('SE-13: leaving sends what waits, asks for its Ack, then says Goodbye', () => {
  goLive(0, 64);
  append();
  expect(said(step({ name: 'leave', reason: 'sleeping', backMs: 60_000 }))).toEqual(['batch 1', 'flush']);
  const actions = hear({ type: 'ack', seq: 1 });
  expect(said(actions)).toEqual(['goodbye']);
  expect(done(actions)).toEqual(['acked', 'send', 'close', 'left']);
});

test('SE-13: leaving does not wait for ever', () => {
  goLive();
  append();
  step({ name: 'leave', reason: 'stopping', backMs: 0 });
  expect(link.wakeMs).toBe(nowMs + 2_000);
  expect(done(step({ name: 'due' }, 2_000))).toEqual(['send', 'close', 'left']);
  expect(outbox.counts().frames).toBe(1);
});

test('RC-1: full jitter under a ceiling that doubles to 30 s; an Ack sets it back', () => {
  step({ name: 'start' });
  const waits: number[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    step({ name: 'closed', code: 1006, httpStatus: 0, retryAfterMs: 0, text: '' });
    waits.push(link.wakeMs - nowMs);
    step({ name: 'due' }, link.wakeMs - nowMs);
  }
  expect(waits).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  step({ name: 'opened' });
  hear(welcome(0));
  append();
  step({ name: 'appended' });
  hear({ type: 'ack', seq: 1 });
  step({ name: 'closed', code: 1006, httpStatus: 0, retryAfterMs: 0, text: '' });
  expect(link.wakeMs - nowMs).toBe(250);
});

test.each([
  { name: 'storeUnavailable', code: 15, retryAfterMs: 7_000, waitMs: 7_250 },
  { name: 'superseded (SE-4)', code: 14, retryAfterMs: 0, waitMs: 30_250 },
  { name: 'metricConflict (RC-4)', code: 11, retryAfterMs: 0, waitMs: 60_250 },
  { name: 'an unknown number, as internal', code: 99, retryAfterMs: 0, waitMs: 250 },
])('RC-2, RC-4: after fault $name the next attempt waits long enough', ({ code, retryAfterMs, waitMs }) => {
  goLive();
  hear({ type: 'fault', code, retryAfterMs, text: '' });
  expect(link.wakeMs - nowMs).toBe(waitMs);
});

test('RC-2: Goodbye of the hub with a time is obeyed', () => {
  goLive();
  expect(done(hear({ type: 'goodbye', reason: 'restarting', backMs: 3_000 }))).toEqual(['note', 'close']);
  expect(link.wakeMs - nowMs).toBe(3_250);
});

test('RC-3: an open or a Welcome that does not come is given up', () => {
  step({ name: 'start' });
  expect(done(step({ name: 'due' }, 10_000))).toEqual(['close']);
  step({ name: 'due' }, 250);
  step({ name: 'opened' });
  step({ name: 'due' }, 14_999);
  expect(link.stage.name).toBe('awaiting-welcome');
  expect(done(step({ name: 'due' }, 1))).toEqual(['close']);
});

test('RC-4: a frame refused three times is given up as corrupt, the outbox is not', () => {
  append(3);
  goLive();
  for (let refusal = 1; refusal <= 3; refusal++) {
    hear({ type: 'fault', code: 1, retryAfterMs: 0, text: 'byte 7' });
    step({ name: 'due' }, link.wakeMs - nowMs);
    step({ name: 'opened' });
    const sent = said(hear(welcome(0)));
    if (refusal < 3) expect(sent).toEqual(['batch 1 late', 'flush']);
    else expect(sent[0]).toBe('skipped 1-1 corrupt');
  }
});

test.each([
  [
    'HTTP 401',
    (): readonly LinkAction[] => step({ name: 'closed', code: 1006, httpStatus: 401, retryAfterMs: 0, text: '' }),
  ],
  ['unauthorized', () => hear({ type: 'fault', code: 4, retryAfterMs: 0, text: '' })],
])('SE-3: %s is told to the owner and not tried again by itself', (_name, refuse) => {
  step({ name: 'start' });
  step({ name: 'opened' });
  expect(done(refuse())).toContain('refused');
  expect(link.wakeMs).toBe(Number.POSITIVE_INFINITY);
});

test('CM-2: an id runs once and its result is repeated', () => {
  goLive();
  const command = { type: 'command', id: 'c1', deadlineMs: clockMs + 60_000, name: 'identify', args: '' } as const;
  expect(done(hear(command))).toEqual(['run']);
  expect(done(hear(command))).toEqual([]);
  expect(said(step({ name: 'ran', id: 'c1', ok: true, result: 'yes' }))).toEqual(['result c1 true yes']);
  expect(said(hear(command))).toEqual(['result c1 true yes']);
});

test('CM-3: the deadline is hub time', () => {
  goLive();
  // The hub's clock is 250 ms ahead.
  const command = { type: 'command', id: 'c1', deadlineMs: clockMs + 249, name: 'identify', args: '' } as const;
  expect(said(hear(command))).toEqual(['result c1 false expired']);
  expect(done(hear({ ...command, id: 'c2', deadlineMs: clockMs + 251 }))).toEqual(['run']);
});

test('CM-5: a version of Desired is applied once', () => {
  goLive();
  expect(done(hear({ type: 'desired', version: 2, state: '{}' }))).toEqual(['apply']);
  expect(done(hear({ type: 'desired', version: 2, state: '{}' }))).toEqual([]);
  expect(said(step({ name: 'applied', version: 2, state: '{}' }))).toEqual(['reported']);
});

test('FR-9: bytes that are no message close with 4000 + the number', () => {
  goLive();
  const report = decodeMessage(Uint8Array.of(0x42), 'hub');
  if (report.ok) throw new Error('an Ack without a number was taken');
  expect(step({ name: 'garbled', report })).toContainEqual({ do: 'close', code: 4001 });
  expect(encodeMessage({ type: 'flush' })).toEqual(Uint8Array.of(8));
});
