/**
 * The native format over HTTP: the frames of one link in one body, each after its length as four bytes, little-endian.
 *
 * Owns one session for as long as its request runs. The frames mean exactly what they mean on a WebSocket, so numbering, faults and
 * exactly-once are core/device-session's business; this file only cuts the body, and says Goodbye where the device did not. Invariant:
 * it resolves only with what is committed. Refuses a body or a frame beyond its bound before it is held whole.
 */
import { decodeMessage, encodeMessage, type FaultName, faultTable } from '@lapwing/protocol';
import { type DeviceClaim, type DeviceLink, DeviceSession, type SessionParts } from '../core/device-session.ts';

export const framesType = 'application/vnd.lapwing.frames';
export const framesBytesMax = 4 * 2 ** 20;
const lengthBytes = 4;
const sweepMs = 1_000;

export type FramesResult =
  | { readonly ok: true; readonly committedSeq: number }
  | { readonly ok: false; readonly fault: FaultName; readonly text: string; readonly retryAfterMs: number };

export interface FramesParts {
  readonly claim: DeviceClaim;
  readonly session: SessionParts;
  readonly nowMs: () => number;
}

/** Rejects only when the asker leaves in the middle of its body. */
export async function takeFrames(body: AsyncIterable<Uint8Array>, parts: FramesParts): Promise<FramesResult> {
  const link = new BodyLink();
  const session = new DeviceSession(link, { claim: parts.claim, nowMs: parts.nowMs() }, parts.session);
  // What waits for a commit must not wait for ever.
  const timer = setInterval(() => session.sweep(parts.nowMs()), sweepMs);
  try {
    await feed(body, session, parts);
    return await link.ended;
  } finally {
    clearInterval(timer);
    session.linkOnClose();
  }
}

async function feed(body: AsyncIterable<Uint8Array>, session: DeviceSession, parts: FramesParts): Promise<void> {
  const cutter = new FrameCutter(parts.session.options.frameBytesMax);
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > framesBytesMax) return session.fail('frameTooLarge', `a body has at most ${framesBytesMax} bytes`);
    const wrong = cutter.cut(piece, (frame) => session.linkOnFrame(frame, parts.nowMs()));
    if (wrong !== '') return session.fail('frameTooLarge', wrong);
    if (session.isClosed()) return;
  }
  if (cutter.isInside()) return session.fail('malformedFrame', 'the body ends inside a frame');
  // Ignored where the device has said it itself: the session is leaving then.
  session.linkOnFrame(encodeMessage({ type: 'goodbye', reason: 'stopping', backMs: 0 }), parts.nowMs());
}

/** Cuts pieces of any size into frames. */
class FrameCutter {
  private held: Buffer = Buffer.alloc(0);
  private readonly frameBytesMax: number;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  isInside(): boolean {
    return this.held.length > 0;
  }

  /** '' or what is wrong with a length. */
  cut(piece: Uint8Array, take: (frame: Uint8Array) => void): string {
    const bytes = this.held.length === 0 ? Buffer.from(piece) : Buffer.concat([this.held, piece]);
    let at = 0;
    while (bytes.length - at >= lengthBytes) {
      const length = bytes.readUInt32LE(at);
      if (length > this.frameBytesMax) return `a frame of ${length} bytes is announced`;
      if (bytes.length - at - lengthBytes < length) break;
      take(bytes.subarray(at + lengthBytes, at + lengthBytes + length));
      at += lengthBytes + length;
    }
    this.held = bytes.subarray(at);
    return '';
  }
}

/** The hub's side of the exchange: notes what the session says, and ends with it. */
class BodyLink implements DeviceLink {
  readonly ended: Promise<FramesResult>;
  private end: (result: FramesResult) => void = () => undefined;
  private committedSeq = 0;
  private fault: (FramesResult & { ok: false }) | null = null;

  constructor() {
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  send(frame: Uint8Array): void {
    const decoded = decodeMessage(frame, 'hub');
    if (!decoded.ok) throw new Error(`the hub said what cannot be read: ${decoded.text}`);
    const { message } = decoded;
    if (message.type === 'welcome') this.committedSeq = message.committedSeq;
    else if (message.type === 'ack') this.committedSeq = message.seq;
    else if (message.type === 'fault') {
      const { code, text, retryAfterMs } = message;
      this.fault = { ok: false, fault: nameOf(code), text, retryAfterMs };
    }
  }

  close(): void {
    this.end(this.fault ?? { ok: true, committedSeq: this.committedSeq });
  }
}

function nameOf(code: number): FaultName {
  return (Object.keys(faultTable) as FaultName[]).find((name) => faultTable[name].code === code)!;
}
