/**
 * Readings over HTTP: POST /api/v1/ingest in several formats, curl's one line, ThingsBoard's and InfluxDB's write addresses.
 *
 * No state of its own. Invariant: 2xx means committed. What a body means is the dialects' business, as if it had come by MQTT; the
 * native format is a whole link in one body (ingest-frames.ts). A request that names itself (Idempotency-Key) is stored once.
 */
import { createHash, type Hash } from 'node:crypto';
import { faultTable } from '@lapwing/protocol';
import type { DeviceRoster } from '../core/device-roster.ts';
import type { SessionParts } from '../core/device-session.ts';
import { requestTopics } from '../core/dialects/request-topics.ts';
import type { ForeignChannel, ForeignSender } from '../core/foreign-desk.ts';
import type { ForeignOutcome } from '../core/foreign-outcome.ts';
import type { Identity } from '../core/identity.ts';
import type { OnceKey } from '../core/once-keys.ts';
import { HttpProblem, makeRoute, type Route, type RouteAnswer } from './http-router.ts';
import { readIngestBody } from './ingest-body.ts';
import { framesType, takeFrames } from './ingest-frames.ts';
import { ingestShapes } from './ingest-shapes.ts';
import { hashLogin } from './secrets.ts';
import type { Sender } from './senders.ts';

export interface IngestRouteParts {
  readonly channel: ForeignChannel;
  readonly identity: Identity;
  readonly roster: DeviceRoster;
  readonly session: SessionParts;
  readonly nowMs: () => number;
}

const formats: Readonly<Record<string, string>> = {
  'application/json': requestTopics.json,
  'application/senml+json': requestTopics.senmlJson,
  'application/senml+cbor': requestTopics.senmlCbor,
  'application/cbor': requestTopics.senmlCbor,
  // What curl -d says.
  'application/x-www-form-urlencoded': requestTopics.values,
  'text/plain': requestTopics.values,
};
const precisions: Readonly<Record<string, string>> = {
  ns: requestTopics.influxNs,
  us: requestTopics.influxUs,
  ms: requestTopics.influxMs,
  s: requestTopics.influxS,
};
const idempotency = {
  'Idempotency-Key': 'up to 200 characters; the same body again stores nothing twice, another body is refused (422)',
};

interface Call {
  readonly sender: Sender | null;
  readonly upload: AsyncIterable<Uint8Array>;
  readonly header: (name: string) => string;
}

export function makeIngestRoutes(parts: IngestRouteParts): Route[] {
  return [
    makeRoute({
      method: 'POST',
      path: '/api/v1/ingest',
      access: 'sender',
      summary: 'Readings of a device: JSON, SenML, key=value text, or native frames. 2xx: committed',
      query: ingestShapes.query,
      headers: idempotency,
      consumes: [...Object.keys(formats), framesType],
      answer: ingestShapes.answer,
      handle: (call) => {
        const type = mediaTypeOf(call);
        if (type === framesType) return answerFrames(call, parts);
        const topic = formats[type];
        if (topic !== undefined) return answerIngest(call, { topic, device: call.query.device }, parts);
        throw new HttpProblem(415, 'unknown-format', {
          message: `A body of type ${type.slice(0, 60) || '(none)'} cannot be read`,
          advice: `Say what it is: content-type one of ${Object.keys(formats).join(', ')}, ${framesType}.`,
        });
      },
    }),
    makeRoute({
      method: 'POST',
      path: '/in/:token',
      access: 'sender',
      summary: 'The shortest way: curl -d "temp=21.5 hum=40" HUB/in/TOKEN',
      query: ingestShapes.query,
      headers: idempotency,
      consumes: Object.keys(formats),
      answer: ingestShapes.answer,
      handle: (call) => {
        const topic = formats[mediaTypeOf(call)] ?? requestTopics.values;
        return answerIngest(call, { topic, device: call.query.device }, parts);
      },
    }),
    ...makeThingsBoardRoutes(parts),
    ...makeInfluxRoutes(parts),
  ];
}

function makeThingsBoardRoutes(parts: IngestRouteParts): Route[] {
  return (['telemetry', 'attributes'] as const).map((what) =>
    makeRoute({
      method: 'POST',
      path: `/api/v1/:token/${what}`,
      access: 'sender',
      summary: `ThingsBoard’s device API: ${what}`,
      query: ingestShapes.query,
      headers: idempotency,
      consumes: ['application/json'],
      handle: async (call) => {
        await answerIngest(call, { topic: `v1/devices/me/${what}`, device: call.query.device }, parts);
        return { status: 200 };
      },
    }),
  );
}

/** As much of InfluxDB as Telegraf and Home Assistant need in order to write. */
function makeInfluxRoutes(parts: IngestRouteParts): Route[] {
  const write = (path: string, summary: string) =>
    makeRoute({
      method: 'POST',
      path,
      access: 'sender',
      summary,
      query: ingestShapes.influxQuery,
      headers: idempotency,
      consumes: ['text/plain'],
      handle: async (call) => {
        const topic = precisions[call.query.precision]!;
        await answerIngest(call, { topic, device: call.query.device, mayBeEmpty: true }, parts);
        return { status: 204, headers: influxHeaders };
      },
    });
  return [
    write('/api/v2/write', 'InfluxDB 2: line protocol; org and bucket are not looked at'),
    write('/write', 'InfluxDB 1: line protocol; db is not looked at'),
    makeRoute({
      method: 'GET',
      path: '/ping',
      access: 'public',
      summary: 'InfluxDB: whether this is a place to write to',
      handle: () => ({ status: 204, headers: influxHeaders }),
    }),
    makeRoute({
      method: 'POST',
      path: '/query',
      access: 'sender',
      summary: 'InfluxDB 1: answers CREATE DATABASE and SHOW DATABASES, which agents ask before they write',
      handle: () => ({ status: 200, json: { results: [{ statement_id: 0, series: [databases] }] } }),
    }),
  ];
}
const influxHeaders = { 'x-influxdb-version': '1.8.10', 'x-influxdb-build': 'Lapwing' };
const databases = { name: 'databases', columns: ['name'], values: [['lapwing']] };

function mediaTypeOf({ header }: Pick<Call, 'header'>): string {
  return header('content-type').split(';', 1)[0]!.trim().toLowerCase();
}

async function answerIngest(
  call: Call,
  body: { topic: string; device?: string | undefined; mayBeEmpty?: boolean },
  parts: IngestRouteParts,
): Promise<RouteAnswer> {
  const payload = await readIngestBody(call.upload, call.header('content-encoding'));
  if (payload.length === 0 && body.mayBeEmpty === true) return { status: 200 };
  if (payload.length === 0) {
    throw new HttpProblem(400, 'no-readings', {
      message: 'The body is empty',
      advice:
        'Send at least one value, such as temp=21.5; README, "Readings over HTTP", has an example of each format.',
    });
  }
  const nowMs = parts.nowMs();
  const device = await nameSender(call.sender!, body.device, parts);
  const before = parts.roster.devices.size;
  const publication = { topic: body.topic, payload, isLastKnown: false, arrivedMs: nowMs, sender: device };
  const named = readOnceKey(call, { device, payload });
  let dialect = '';
  const outcome = await new Promise<ForeignOutcome>((resolve) => {
    dialect = parts.channel.take(publication, named ?? { admits: true, once: null, isRepeated: false }, resolve);
  });
  if (dialect === '') throw new Error(`no dialect reads ${body.topic}`);
  await spendKey(call.sender!, parts.roster.devices.size - before, parts);
  if (!outcome.ok) {
    if (outcome.why === 'store-unavailable') throw refuseUnstored(outcome.text, outcome.retryAfterMs);
    throw new HttpProblem(422, 'key-reused', {
      message: `Idempotency-Key: ${outcome.text}`,
      advice: 'Send each body under a key of its own, and a repeated one as it was.',
    });
  }
  const { readings, devices, faults, refused, isRepeat } = outcome;
  if (readings === 0 && refused.length > 0) {
    throw new HttpProblem(403, 'other-device', {
      message: `Nothing is stored: ${refused[0]}`,
      advice:
        'Send with the credential that it came by before; a body can say of whom it is itself, as SenML does in bn.',
    });
  }
  if (readings === 0 && faults.length > 0) {
    throw new HttpProblem(400, 'no-readings', {
      message: `Nothing in the body could be read: ${faults[0]}`,
      advice:
        device === null
          ? 'Compare it with README, "Readings over HTTP"; where it does not say whose they are, add ?device=NAME to the address.'
          : 'Compare it with the examples in README, "Readings over HTTP".',
    });
  }
  const repeated = isRepeat === true ? { repeated: true } : {};
  return { status: 200, json: { readings, devices, faults: [...refused, ...faults], ...repeated } };
}

/**
 * The device that a body is of. An enrolment key may name a new one, and is its secret from then on; a device that has a token of its
 * own is spoken for by that token only.
 */
async function nameSender(sender: Sender, asked: string | undefined, parts: IngestRouteParts): Promise<string | null> {
  const { identity, roster } = parts;
  if (sender.kind === 'device') {
    if (asked === undefined || asked === sender.deviceId) return sender.deviceId;
    throw new HttpProblem(403, 'other-device', {
      message: `This token is of ${sender.deviceId}, not of ${asked}`,
      advice: 'Leave out ?device=, or use an enrolment key.',
    });
  }
  if (asked === undefined) return null;
  const known = roster.devices.get(asked);
  if (known !== undefined && identity.deviceTokenHash(known.key) !== null) {
    throw new HttpProblem(403, 'has-token', {
      message: `${asked} has a token of its own`,
      advice: 'Send with that token, or revoke it first.',
    });
  }
  const nowMs = parts.nowMs();
  const device = known ?? roster.enrol(asked, nowMs);
  const spent = identity.spendEnrolmentKey(sender.key);
  await Promise.all([spent, identity.setDeviceToken(device.key, hashLogin(asked, sender.secret), nowMs)]);
  return asked;
}

async function spendKey(sender: Sender, newDevices: number, { identity, nowMs }: IngestRouteParts): Promise<void> {
  if (sender.kind !== 'enrolment') return;
  for (let i = 0; i < newDevices; i++) {
    const key = identity.findEnrolmentKey(sender.key.hash, nowMs());
    if (key !== null) await identity.spendEnrolmentKey(key);
  }
}

/** A name is its device's, however that showed who it is: the key that let it in becomes its own secret. */
function readOnceKey(
  { sender, header }: Call,
  { device, payload }: { device: string | null; payload: Uint8Array },
): ForeignSender | null {
  const text = header('idempotency-key');
  if (text === '') return null;
  if (text.length > 200) {
    throw new HttpProblem(400, 'bad-request', {
      message: 'The Idempotency-Key is longer than 200 characters',
      advice: 'A UUID is enough.',
    });
  }
  const whose = device !== null ? `device ${device}` : sender!.kind === 'device' ? '' : `key ${sender!.key.id}`;
  const name = `${whose}\0${text}`;
  const once = hashToKey(createHash('sha256').update(name));
  const content = hashToKey(createHash('sha256').update(`${name}\0`).update(payload));
  return { admits: true, once, content, isRepeated: true };
}

function hashToKey(hash: Hash): OnceKey {
  const digest = hash.digest();
  return { high: digest.readUInt32LE(0), low: digest.readUInt32LE(4) };
}

async function answerFrames(call: Call, { session, nowMs }: IngestRouteParts): Promise<RouteAnswer> {
  const sender = call.sender!;
  if (sender.kind !== 'device') {
    throw new HttpProblem(403, 'enrol-first', {
      message: 'Native frames come with the token of their device',
      advice: 'Enrol it first: POST /api/v1/enroll.',
    });
  }
  const result = await takeFrames(call.upload, { claim: { deviceId: sender.deviceId }, session, nowMs });
  if (result.ok) return { status: 200, json: { committedSeq: result.committedSeq } };
  const { fault, text, retryAfterMs } = result;
  if (fault === 'storeUnavailable') throw refuseUnstored(text, retryAfterMs);
  const status = fault === 'frameTooLarge' ? 413 : fault === 'unauthorized' ? 403 : 400;
  throw new HttpProblem(status, fault, { message: text, advice: faultTable[fault].advice });
}

function refuseUnstored(message: string, retryAfterMs: number): HttpProblem {
  const advice = `Send it again in ${Math.max(1, Math.ceil(retryAfterMs / 1000))} s; nothing of it is stored.`;
  return new HttpProblem(503, 'store-unavailable', { message, advice });
}
