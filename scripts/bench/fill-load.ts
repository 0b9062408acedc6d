/**
 * The load that fills a store as fast as it takes readings, as a process of its own: batch frames to the hub (or to whatever
 * speaks its protocol), or line protocol to InfluxDB and VictoriaMetrics. Owns its sockets; counts what was acked, not what was
 * sent.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { type BatchColumn, decodeMessage, encodeMessage, makeNumberColumn } from '@lapwing/protocol';
import { encodeLines } from './line-protocol.ts';
import { serveLoad } from './load-process.ts';
import { RawWsLink } from './raw-ws-link.ts';
import { openSource, type SourceDevice, type SourcePlan, type SourceRows } from './reading-source.ts';

export interface FillPlan {
  readonly target: 'frames' | 'lines';
  readonly url: string;
  readonly source: SourcePlan;
  /** One per device; none are needed for lines. */
  readonly tokens: readonly string[];
  readonly rowsPerFrame: number;
  readonly backfill: boolean;
  /** Everything is made before the window begins: then the load is light in it. */
  readonly isPrebuilt: boolean;
}

export interface FillResult {
  readonly readings: number;
  /** Frames or requests. */
  readonly messages: number;
  readonly bytes: number;
}

const linesPerPost = 5_000;
const socketBytesMax = 262_144;

interface Feeder {
  readonly device: SourceDevice;
  readonly link: RawWsLink;
  readonly frames: Iterator<Buffer>;
  readonly inFlightMax: number;
  readonly firstSeq: number;
  sent: number;
  acked: number;
  isDone: boolean;
}

async function runPlan(plan: FillPlan, say: (type: 'measuring' | 'measured') => void): Promise<FillResult> {
  const devices = openSource(plan.source);
  const counted =
    plan.target === 'frames' ? await fillWithFrames(plan, devices, say) : await fillWithLines(plan, devices, say);
  return { readings: devices.reduce((sum, device) => sum + device.readings, 0), ...counted };
}

async function fillWithFrames(
  plan: FillPlan,
  devices: readonly SourceDevice[],
  say: (type: 'measuring' | 'measured') => void,
): Promise<Omit<FillResult, 'readings'>> {
  const feeders = await Promise.all(devices.map((device, i) => openFeeder(plan, device, plan.tokens[i]!)));
  say('measuring');
  let bytes = 0;
  for (let isSending = true; isSending; ) {
    isSending = false;
    const bytesBefore = bytes;
    for (const feeder of feeders) {
      bytes += sendNext(feeder);
      if (!feeder.isDone || feeder.acked < feeder.sent) isSending = true;
      if (feeder.link.ended !== '') throw new Error(`${feeder.device.id} lost its link: ${feeder.link.ended}`);
    }
    if (bytes === bytesBefore) await sleep(1);
    else await turn();
  }
  say('measured');
  const messages = feeders.reduce((sum, feeder) => sum + feeder.sent, 0);
  for (const { link } of feeders) link.close();
  return { messages, bytes };
}

/** Bytes sent. */
function sendNext(feeder: Feeder): number {
  if (feeder.isDone || feeder.sent - feeder.acked >= feeder.inFlightMax) return 0;
  if (feeder.link.socket.writableLength > socketBytesMax) return 0;
  const { value, done } = feeder.frames.next();
  if (done === true) {
    feeder.isDone = true;
    feeder.link.write(RawWsLink.wrap(encodeMessage({ type: 'flush' })));
    return 0;
  }
  feeder.sent += 1;
  feeder.link.write(value);
  return value.length;
}

async function openFeeder(plan: FillPlan, device: SourceDevice, token: string): Promise<Feeder> {
  const link = await RawWsLink.open({ url: plan.url, path: '/device/v1', token });
  const answered = new Promise<{ committedSeq: number; inFlightMax: number }>((fulfil) => {
    link.messageOnArrive = (frame) => {
      const decoded = decodeMessage(frame, 'hub');
      if (decoded.ok && decoded.message.type === 'welcome') fulfil(decoded.message);
    };
  });
  const hello = { type: 'hello', version: 1, deviceId: device.id, token: '', model: 'load', firmware: '1' } as const;
  link.write(RawWsLink.wrap(encodeMessage({ ...hello, epoch: 1, clockMs: Date.now(), metrics: device.metrics })));
  const { committedSeq, inFlightMax } = await answered;
  const lazy = makeFrames(plan, device, committedSeq + 1);
  const frames = plan.isPrebuilt ? [...lazy][Symbol.iterator]() : lazy;
  const feeder: Feeder = {
    device,
    link,
    frames,
    inFlightMax,
    firstSeq: committedSeq + 1,
    sent: 0,
    acked: 0,
    isDone: false,
  };
  link.messageOnArrive = (frame) => feederOnMessage(feeder, frame);
  return feeder;
}

function feederOnMessage(feeder: Feeder, frame: Buffer): void {
  const decoded = decodeMessage(frame, 'hub');
  if (!decoded.ok) throw new Error(`the hub sent what cannot be read: ${decoded.text}`);
  const { message } = decoded;
  if (message.type === 'ack') feeder.acked = message.seq - feeder.firstSeq + 1;
  else if (message.type === 'fault') feeder.link.ended = `fault ${message.code}: ${message.text}`;
  else if (message.type === 'ping') {
    const pong = { type: 'pong', pingSentMs: message.sentMs, clockMs: Date.now() } as const;
    feeder.link.write(RawWsLink.wrap(encodeMessage(pong)));
  }
}

function* makeFrames(plan: FillPlan, device: SourceDevice, firstSeq: number): Generator<Buffer> {
  const { rowsPerFrame, backfill } = plan;
  for (let seq = firstSeq; ; seq++) {
    const rows = device.take(rowsPerFrame);
    if (rows === null) return;
    const columns = device.metrics.flatMap((_, m) => makeColumn(m, rows));
    yield RawWsLink.wrap(encodeMessage({ type: 'batch', seq, ackNow: false, backfill, times: rows.times, columns }));
  }
}

/** None where the rows have no value of the metric. */
function makeColumn(metric: number, { columns }: SourceRows): BatchColumn[] {
  const column = columns[metric]!;
  if (column instanceof Float64Array) return [makeNumberColumn(metric, column)];
  const values = Array.from(column);
  const present = values.every((value) => value !== null) ? null : Uint8Array.from(values, (v) => (v === null ? 0 : 1));
  if (values.every((value) => value === null)) return [];
  if (values.some((value) => typeof value === 'string')) {
    return [{ metric, encoding: 'text', present, values: values.map((value) => String(value ?? '')) }];
  }
  return [
    makeNumberColumn(
      metric,
      values.map((value) => Number(value ?? 0)),
      present,
    ),
  ];
}

async function fillWithLines(
  plan: FillPlan,
  devices: readonly SourceDevice[],
  say: (type: 'measuring' | 'measured') => void,
): Promise<Omit<FillResult, 'readings'>> {
  const agent = new Agent({ keepAlive: true });
  const lazy = encodeLines(devices, { rowsPerTurn: plan.rowsPerFrame, linesPerPost });
  const posts = plan.isPrebuilt ? [...lazy] : lazy;
  say('measuring');
  let messages = 0;
  let bytes = 0;
  // Two at a time: the server never waits for the load.
  const inFlight = new Set<Promise<void>>();
  for (const body of posts) {
    const post = sendLines(agent, plan.url, body).finally(() => inFlight.delete(post));
    inFlight.add(post);
    messages += 1;
    bytes += body.length;
    if (inFlight.size >= 2) await Promise.race(inFlight);
  }
  await Promise.all(inFlight);
  say('measured');
  agent.destroy();
  return { messages, bytes };
}

function sendLines(agent: Agent, url: string, body: Buffer): Promise<void> {
  return new Promise((fulfil, reject) => {
    const options = { agent, method: 'POST', headers: { 'content-length': body.length } };
    const post = request(`${url}/write?db=bench&precision=ms`, options, (answer) => {
      answer.resume();
      if (answer.statusCode !== 204) return reject(new Error(`a peer answered ${answer.statusCode}`));
      answer.on('end', fulfil);
    });
    post.on('error', reject);
    post.end(body);
  });
}

if (import.meta.main) await serveLoad(runPlan);
