/**
 * One device link's protocol state: `awaiting-hello` → `live` → (`leaving` →) `closed`.
 *
 * Owns the stage of one connection, and nothing that outlives it. Every fault ends the link with its code (SE-*, FR-9); a
 * fault of one device is nobody else's. Frames after `closed` are ignored. It sends through a link and never sees a socket.
 */
import {
  closeCodeOf,
  type DeviceMessage,
  decodeMessage,
  deviceIdPattern,
  encodeMessage,
  type FaultName,
  faultTable,
  frameType,
  type Goodbye,
  type Hello,
} from '@lapwing/protocol';
import type { DeviceRoster, DeviceState, SessionHandle, StreamState } from './device-roster.ts';
import type { AckSink, Intake } from './intake.ts';
import type { LiveFeed } from './live-feed.ts';

/** One connection to a device, whatever carries it. */
export interface DeviceLink {
  send(frame: Uint8Array): void;
  /** Ends the link once what was sent is out. */
  close(code: number, reason: string): void;
  /** Where it comes from, for people to read; absent where nobody knows. */
  readonly address?: string;
}

/** Who the link is: 'unknown' until Hello, or a device proven by the upgrade request's token. */
export type DeviceClaim = { readonly deviceId: string } | null;

export interface SessionOptions {
  readonly ackIntervalMs: number;
  readonly heartbeatMs: number;
  readonly helloTimeoutMs: number;
  readonly frameBytesMax: number;
  readonly batchRowsMax: number;
  readonly metricsMax: number;
  readonly inFlightMax: number;
}

export const sessionDefaults: SessionOptions = {
  // An Ack costs as much as a received message, unless it goes with a Ping: where batches flow, all but those that are asked for do.
  ackIntervalMs: 15_000,
  heartbeatMs: 15_000,
  helloTimeoutMs: 10_000,
  frameBytesMax: 65_536,
  batchRowsMax: 4_096,
  metricsMax: 1_024,
  inFlightMax: 512,
};

export interface SessionParts {
  readonly roster: DeviceRoster;
  readonly intake: Intake;
  readonly feed: LiveFeed;
  readonly options: SessionOptions;
  /** The device that this token belongs to, or null. */
  verifyToken(deviceId: string, token: string): DeviceState | null;
  /** Called once per fault, with the device's id when it is known. */
  noteFault(fault: FaultName, deviceId: string | null, text: string): void;
}

type Stage =
  | { readonly name: 'awaiting-hello'; readonly sinceMs: number }
  | { readonly name: 'live'; readonly stream: StreamState }
  /** Said Goodbye while readings of it were not yet committed: the last Ack is still to be sent. */
  | { readonly name: 'leaving'; readonly stream: StreamState; readonly sinceMs: number; readonly wakeMs: number }
  | { readonly name: 'closed' };

const leavingMsMax = 5_000;

export class DeviceSession implements SessionHandle, AckSink {
  private stage: Stage;
  private lastHeardMs: number;
  private lastPingMs: number;
  private readonly link: DeviceLink;
  private readonly claim: DeviceClaim;
  private readonly parts: SessionParts;

  constructor(link: DeviceLink, { claim, nowMs }: { claim: DeviceClaim; nowMs: number }, parts: SessionParts) {
    this.link = link;
    this.claim = claim;
    this.parts = parts;
    this.stage = { name: 'awaiting-hello', sinceMs: nowMs };
    this.lastHeardMs = nowMs;
    this.lastPingMs = nowMs;
  }

  isClosed(): boolean {
    return this.stage.name === 'closed';
  }

  linkOnFrame(frame: Uint8Array, nowMs: number): void {
    const { stage } = this;
    if (stage.name === 'closed' || stage.name === 'leaving') return;
    this.lastHeardMs = nowMs;
    if (stage.name === 'live' && frame[0] === frameType.batch) {
      this.failOn(this.parts.intake.acceptBatch(stage.stream, { frame, nowMs }));
      return;
    }
    const decoded = decodeMessage(frame, 'device');
    if (!decoded.ok) return this.fail(decoded.fault, decoded.text);
    if (stage.name === 'awaiting-hello') this.takeFirst(decoded.message, nowMs);
    else this.takeLive(stage.stream, { message: decoded.message, frame }, nowMs);
  }

  linkOnText(): void {
    this.fail('notBinary', 'a text message came');
  }

  /** The socket ended, for whatever reason. */
  linkOnClose(): void {
    if (this.stage.name !== 'closed') this.leave();
  }

  /** Time passes: about once a second per link. */
  sweep(nowMs: number): void {
    const { stage } = this;
    const { options } = this.parts;
    if (stage.name === 'closed') return;
    if (stage.name === 'leaving') {
      if (nowMs - stage.sinceMs > leavingMsMax) this.finish();
      return;
    }
    const silentMs = nowMs - this.lastHeardMs;
    if (stage.name === 'awaiting-hello') {
      if (nowMs - stage.sinceMs > options.helloTimeoutMs) this.fail('helloTimeout', 'no Hello came');
    } else if (silentMs > 2.5 * options.heartbeatMs) {
      this.fail('heartbeatTimeout', `nothing came for ${Math.round(silentMs / 1000)} s`);
    } else if (nowMs - this.lastPingMs >= options.heartbeatMs) {
      // Also while batches flow: the Pong is what measures the device's clock.
      this.lastPingMs = nowMs;
      if (stage.name === 'live') this.parts.intake.ackAlong(stage.stream);
      this.link.send(encodeMessage({ type: 'ping', sentMs: nowMs }));
    }
  }

  sendFrame(frame: Uint8Array): void {
    this.link.send(frame);
    const { stage } = this;
    if (stage.name === 'leaving' && stage.stream.progress.acked === stage.stream.progress.received) this.finish();
  }

  /** The hub is going: everything committed was acked, the rest will be sent again. */
  sayGoodbye(reason: Goodbye['reason'], backMs: number): void {
    if (this.stage.name === 'closed') return;
    this.link.send(encodeMessage({ type: 'goodbye', reason, backMs }));
    this.leave();
    this.link.close(1001, 'goodbye');
  }

  supersede(): void {
    this.fail('superseded', 'a newer session of this device took over');
  }

  revoke(): void {
    this.fail('revoked', 'the token of this device was revoked');
  }

  abandon(text: string, retryAfterMs: number): void {
    this.fail('storeUnavailable', text, retryAfterMs);
  }

  /** As far as it is known: before Hello by the token that came with the upgrade. */
  get deviceId(): string | null {
    return 'stream' in this.stage ? this.stage.stream.device.deviceId : (this.claim?.deviceId ?? null);
  }

  fail(fault: FaultName, text: string, retryAfterMs = 0): void {
    if (this.stage.name === 'closed') return;
    this.parts.noteFault(fault, this.deviceId, text);
    const { code, advice } = faultTable[fault];
    this.link.send(encodeMessage({ type: 'fault', code, retryAfterMs, text: `${text}. ${advice}` }));
    this.leave();
    this.link.close(closeCodeOf(fault), fault);
  }

  private takeFirst(message: DeviceMessage, nowMs: number): void {
    if (message.type !== 'hello') return this.fail('helloExpected', `${message.type} came before Hello`);
    if (message.version !== 1) return this.fail('unsupportedVersion', `version ${message.version} is not spoken here`);
    if (!deviceIdPattern.test(message.deviceId))
      return this.fail('invalidText', 'the device id has characters it may not have');
    const device = this.identify(message);
    if (device === null) {
      const hasToken = this.claim !== null || message.token !== '';
      return this.fail('unauthorized', hasToken ? 'the token does not belong to this device' : 'no token came');
    }
    const opened = this.parts.roster.openStream(device, message, nowMs);
    if ('fault' in opened) return this.fail(opened.fault, opened.text);
    this.begin(opened, message, nowMs);
  }

  private identify(hello: Hello): DeviceState | null {
    if (this.claim === null) return this.parts.verifyToken(hello.deviceId, hello.token);
    return this.claim.deviceId === hello.deviceId ? (this.parts.roster.devices.get(hello.deviceId) ?? null) : null;
  }

  private begin(stream: StreamState, hello: Hello, nowMs: number): void {
    const { roster, intake, feed, options } = this.parts;
    const { device } = stream;
    // A session before this one may hold frames that are received and not committed yet: they stay received, and
    // Welcome tells what is committed, so that the device sends them again and they are dropped as duplicates.
    roster.attach(device, this, nowMs);
    device.address = this.link.address ?? '';
    this.stage = { name: 'live', stream };
    intake.openStream(stream, this);
    device.clockOffsetMs = hello.clockMs === 0 ? Number.NaN : hello.clockMs - nowMs;
    const { progress } = stream;
    progress.advanceAcked(progress.committed);
    this.link.send(
      encodeMessage({
        type: 'welcome',
        version: 1,
        serverMs: nowMs,
        committedSeq: progress.committed,
        ...limitsOf(options),
      }),
    );
    feed.publishDevice(device);
    feed.publishPresence(device);
  }

  private takeLive(
    stream: StreamState,
    { message, frame }: { message: DeviceMessage; frame: Uint8Array },
    nowMs: number,
  ): void {
    const { intake, roster, feed } = this.parts;
    switch (message.type) {
      case 'event':
        return this.failOn(intake.acceptEvent(stream, message, { frame, nowMs }));
      case 'skipped':
        return this.failOn(intake.acceptSkipped(stream, message, { frame, nowMs }));
      case 'declare': {
        if (message.firstIndex !== stream.table.length) {
          return this.fail(
            'metricConflict',
            `Declare starts at ${message.firstIndex}, the table has ${stream.table.length}`,
          );
        }
        this.failOn(roster.declare(stream, message.metrics));
        return feed.publishDevice(stream.device);
      }
      case 'flush':
        return intake.requestAck(stream);
      case 'ping':
        return this.link.send(encodeMessage({ type: 'pong', pingSentMs: message.sentMs, clockMs: nowMs }));
      case 'pong':
        return this.takePong(stream.device, message, nowMs);
      case 'goodbye':
        return this.takeGoodbye(stream, message, nowMs);
      case 'hello':
        return this.fail('helloExpected', 'Hello came twice');
      // CM-6: commands and state documents have their frames from the first version; this hub has no use for them yet.
      case 'reported':
      case 'commandResult':
        return;
    }
  }

  private failOn(report: { fault: FaultName; text: string } | null): void {
    if (report === null) return;
    this.fail(report.fault, report.text, report.fault === 'storeUnavailable' ? this.parts.intake.storeRetryMs : 0);
  }

  /** Offset by the midpoint of the round trip; a slow round trip says little, and moves it little. */
  private takePong(device: DeviceState, pong: { pingSentMs: number; clockMs: number }, nowMs: number): void {
    const tripMs = nowMs - pong.pingSentMs;
    if (pong.clockMs === 0 || tripMs < 0 || tripMs > 10_000) return;
    const measured = pong.clockMs - (pong.pingSentMs + tripMs / 2);
    const known = device.clockOffsetMs;
    const isJump = Number.isNaN(known) || Math.abs(measured - known) > 1_000;
    device.clockOffsetMs = isJump ? measured : known + (measured - known) / (tripMs > 100 ? 8 : 2);
  }

  private takeGoodbye(stream: StreamState, goodbye: Goodbye, nowMs: number): void {
    const isSleeping = goodbye.reason === 'sleeping' && goodbye.backMs > 0;
    const wakeMs = isSleeping ? nowMs + goodbye.backMs : Number.NaN;
    this.stage = { name: 'leaving', stream, sinceMs: nowMs, wakeMs };
    if (stream.progress.acked === stream.progress.received) this.finish();
    else this.parts.intake.requestAck(stream);
  }

  private finish(): void {
    this.leave();
    this.link.close(1000, 'goodbye');
  }

  private leave(): void {
    const { stage } = this;
    this.stage = { name: 'closed' };
    if (stage.name !== 'live' && stage.name !== 'leaving') return;
    const { intake, roster, feed } = this.parts;
    const wakeMs = stage.name === 'leaving' ? stage.wakeMs : Number.NaN;
    intake.closeStream(stage.stream, this);
    if (roster.detach(stage.stream.device, this, wakeMs)) feed.publishPresence(stage.stream.device);
  }
}

function limitsOf(options: SessionOptions) {
  const { ackIntervalMs, heartbeatMs, frameBytesMax, batchRowsMax, metricsMax, inFlightMax } = options;
  return { ackIntervalMs, heartbeatMs, frameBytesMax, batchRowsMax, metricsMax, inFlightMax };
}
