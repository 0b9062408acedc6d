/**
 * Every message into its frame (SPEC, table of messages).
 *
 * Owns one reusable writer. A message that breaks a limit is our own bug: it throws a RangeError and no bytes leave.
 */
import { ByteWriter, refuseUnless } from './byte-writer.ts';
import { deviceIdPattern, limits } from './limits.ts';
import {
  eventLevels,
  goodbyeReasons,
  metricKinds,
  presenceStates,
  protocolVersion,
  skipReasons,
  snapshotFlag,
  textRules,
} from './message-codes.ts';
import {
  frameType,
  type Hello,
  type LatestValue,
  type Live,
  type LiveEntry,
  type Message,
  type MetricDeclaration,
  type Presence,
  type Skipped,
  type Snapshot,
  type Subscribe,
  type Welcome,
} from './messages.ts';
import { writeBatch } from './write-batch.ts';

const writer = new ByteWriter();

/**
 * The frame of a message, in memory of its own. Numbers go exactly, but for Snapshot's clock offset, which is rounded; a latest value without
 * a time is left out; a fault's text is cut to its limit.
 */
export function encodeMessage(message: Message): Uint8Array {
  writer.open(frameType[message.type]);
  writeBody(writer, message);
  const toViewer = message.type === 'snapshot' || message.type === 'live' || message.type === 'presence';
  return writer.finish(toViewer ? limits.feedFrameBytesMax : limits.frameBytesMax);
}

function writeBody(to: ByteWriter, message: Message): void {
  switch (message.type) {
    case 'hello':
      return writeHello(to, message);
    case 'declare':
      refuseUnless(message.firstIndex + message.metrics.length <= limits.metricsMax, 'too many metrics');
      to.writeUv(message.firstIndex);
      return writeMetrics(to, message.metrics, limits.metricsMax);
    case 'batch':
      return writeBatch(to, message);
    case 'skipped':
      return writeSkipped(to, message);
    case 'event':
      to.writePositive(message.seq);
      to.writeMs(message.atMs);
      to.writeByte(eventLevels.indexOf(message.level));
      to.writeText(message.code, textRules.eventCode);
      return to.writeText(message.text, textRules.eventText);
    case 'commandResult':
      to.writeText(message.id, textRules.commandId);
      to.writeByte(message.ok ? 1 : 0);
      return to.writeText(message.result, textRules.document);
    case 'reported':
    case 'desired':
      to.writeUv(message.version);
      return to.writeText(message.state, textRules.document);
    case 'flush':
      return;
    case 'welcome':
      return writeWelcome(to, message);
    case 'ack':
      return to.writeUv(message.seq);
    case 'command':
      to.writeText(message.id, textRules.commandId);
      to.writeMs(message.deadlineMs);
      to.writeText(message.name, textRules.commandName);
      return to.writeText(message.args, textRules.document);
    case 'rate':
      to.writeUv(message.intervalMs);
      return to.writeUv(message.forMs);
    default:
      return writeSharedBody(to, message);
  }
}

/** What both ends of either kind of link say, and what viewers say and hear. */
function writeSharedBody(
  to: ByteWriter,
  message: Extract<
    Message,
    { type: 'ping' | 'pong' | 'goodbye' | 'fault' | 'subscribe' | 'unsubscribe' | 'snapshot' | 'live' | 'presence' }
  >,
): void {
  switch (message.type) {
    case 'ping':
      return to.writeMs(message.sentMs);
    case 'pong':
      to.writeMs(message.pingSentMs);
      return to.writeMs(message.clockMs);
    case 'goodbye':
      to.writeByte(goodbyeReasons.indexOf(message.reason));
      return to.writeUv(message.backMs);
    case 'fault':
      to.writeU16(message.code);
      to.writeUv(message.retryAfterMs);
      return to.writeText(clipFaultText(message.text), textRules.faultText);
    case 'subscribe':
      return writeSubscribe(to, message);
    case 'unsubscribe':
      return to.writeUv(message.id);
    case 'snapshot':
      return writeSnapshot(to, message);
    case 'live':
      return writeLive(to, message);
    case 'presence':
      return writePresence(to, message);
  }
}

function writeHello(to: ByteWriter, hello: Hello): void {
  refuseUnless(hello.version === protocolVersion, `version ${hello.version}`);
  to.writeByte(hello.version);
  writeDeviceId(to, hello.deviceId);
  to.writeText(hello.token, textRules.token);
  to.writeText(hello.model, textRules.fact);
  to.writeText(hello.firmware, textRules.fact);
  to.writePositive(hello.epoch);
  to.writeMs(hello.clockMs);
  writeMetrics(to, hello.metrics, limits.metricsMax);
}

function writeWelcome(to: ByteWriter, welcome: Welcome): void {
  refuseUnless(welcome.version === protocolVersion, `version ${welcome.version}`);
  refuseUnless(welcome.frameBytesMax <= limits.frameBytesMax, `frameBytesMax ${welcome.frameBytesMax}`);
  refuseUnless(welcome.batchRowsMax <= limits.batchRowsMax, `batchRowsMax ${welcome.batchRowsMax}`);
  refuseUnless(welcome.metricsMax <= limits.metricsMax, `metricsMax ${welcome.metricsMax}`);
  to.writeByte(welcome.version);
  to.writeMs(welcome.serverMs);
  to.writeUv(welcome.committedSeq);
  to.writeUv(welcome.ackIntervalMs);
  to.writePositive(welcome.heartbeatMs);
  to.writePositive(welcome.frameBytesMax);
  to.writePositive(welcome.batchRowsMax);
  to.writePositive(welcome.metricsMax);
  to.writePositive(welcome.inFlightMax);
}

function writeMetrics(to: ByteWriter, metrics: readonly MetricDeclaration[], metricsMax: number): void {
  refuseUnless(new Set(metrics.map((metric) => metric.name)).size === metrics.length, 'two metrics of one name');
  to.writeCount(metrics.length, metricsMax);
  for (const metric of metrics) {
    to.writeByte(metricKinds.indexOf(metric.kind));
    to.writeText(metric.name, textRules.metricName);
    to.writeText(metric.unit, textRules.unit);
  }
}

function writeSkipped(to: ByteWriter, skipped: Skipped): void {
  refuseUnless(skipped.toSeq >= skipped.fromSeq, `Skipped from ${skipped.fromSeq} to ${skipped.toSeq}`);
  to.writePositive(skipped.fromSeq);
  to.writeUv(skipped.toSeq);
  to.writeByte(skipReasons.indexOf(skipped.reason));
  to.writeMs(skipped.fromMs);
  to.writeMs(skipped.toMs);
  to.writeUv(skipped.readings);
}

function writeSubscribe(to: ByteWriter, subscribe: Subscribe): void {
  to.writeUv(subscribe.id);
  to.writeCount(subscribe.devices.length, limits.subscribedDevicesMax);
  for (const device of subscribe.devices) writeDeviceId(to, device);
}

function writeSnapshot(to: ByteWriter, snapshot: Snapshot): void {
  const offset = snapshot.clockOffsetMs;
  writeDeviceId(to, snapshot.device);
  to.writeUv(snapshot.stream);
  to.writeUv(snapshot.seq);
  to.writeByte(
    (snapshot.conflated ? snapshotFlag.conflated : 0) | (Number.isNaN(offset) ? 0 : snapshotFlag.clockOffset),
  );
  if (!Number.isNaN(offset)) to.writeSv(Math.round(offset) || 0);
  to.writeCount(snapshot.table.length, limits.metricsMax);
  for (const index of snapshot.table) to.writeUv(index);
  writeMetrics(to, snapshot.metrics, limits.deviceMetricsMax);
  const known = snapshot.latest.filter((latest) => !Number.isNaN(latest.timeMs));
  to.writeCount(known.length, limits.deviceMetricsMax);
  for (const latest of known) writeLatest(to, latest, snapshot.metrics.length);
  for (const index of snapshot.table) refuseUnless(index < snapshot.metrics.length, `table entry ${index}`);
}

function writeLatest(to: ByteWriter, latest: LatestValue, metrics: number): void {
  refuseUnless(latest.metric < metrics, `a latest value of metric ${latest.metric}`);
  to.writeUv(latest.metric);
  to.writeByte(typeof latest.value === 'string' ? 1 : 0);
  to.writeMs(latest.timeMs);
  if (typeof latest.value === 'string') to.writeText(latest.value, textRules.reading);
  else to.writeF64(latest.value);
}

function writeLive(to: ByteWriter, live: Live): void {
  to.writeMs(live.sentMs);
  to.writeUv(live.entries.length);
  for (const entry of live.entries) writeLiveEntry(to, entry);
}

function writeLiveEntry(to: ByteWriter, { stream, arrivedMs, body }: LiveEntry): void {
  to.writePositive(stream);
  to.writeMs(arrivedMs);
  to.writeByte(['batch', 'late', 'event'].indexOf(body.kind));
  if (body.kind === 'late') {
    to.writePositive(body.seq);
    to.writeMs(body.fromMs);
    to.writeMs(body.toMs);
    return;
  }
  refuseUnless(body.frame[0] === frameType[body.kind], `a ${body.kind} entry that holds another message`);
  to.writeCount(body.frame.length, limits.frameBytesMax);
  to.writeBytes(body.frame);
}

function writePresence(to: ByteWriter, presence: Presence): void {
  to.writeUv(presence.entries.length);
  for (const { device, state, lastSeenMs } of presence.entries) {
    writeDeviceId(to, device);
    to.writeByte(presenceStates.indexOf(state));
    to.writeMs(Number.isNaN(lastSeenMs) ? 0 : lastSeenMs);
  }
}

/**
 * A fault's text is for people, and often quotes what a stranger sent: it is cut and cleaned, because a text that is too long must not
 * keep the fault itself from being said.
 */
function clipFaultText(text: string): string {
  const shown = text.toWellFormed().replace(/[\u0000-\u001f\u007f]/g, ' ');
  let bytes = 0;
  let end = 0;
  for (const character of shown) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > limits.faultTextBytesMax) break;
    end += character.length;
  }
  return shown.slice(0, end);
}

function writeDeviceId(to: ByteWriter, deviceId: string): void {
  refuseUnless(deviceIdPattern.test(deviceId), `the device id ${JSON.stringify(deviceId)}`);
  to.writeText(deviceId, textRules.deviceId);
}
