/**
 * The viewer's link to the hub: one WebSocket that comes back by itself.
 *
 * Owns the socket, its timers, and what this viewer watches. Invariants: what is watched is asked for again after every
 * reconnection (SPEC RC); at most one socket lives at a time; a link that says nothing for `silenceMs` is dead, whatever TCP
 * believes. Refuses to judge what comes in: decoded messages go to the listener.
 */
import { decodeMessage, encodeMessage, type FeedMessage, type ViewerMessage } from '@lapwing/protocol';
import type { LinkState } from '../core/app-model.ts';
import { ClockSync } from '../core/clock-sync.ts';
import { planReconnect } from '../core/reconnect-delay.ts';

const pingEveryMs = 4_000;
const silenceMs = 11_000;

export interface FeedSocketListener {
  socketOnMessage(message: FeedMessage): void;
  socketOnState(state: LinkState): void;
  /** The link failed before it was open: the session may have ended. */
  socketOnRefused(): void;
}

/** Devices to watch; empty: the whole fleet; null: nothing. */
export type Watched = readonly string[] | null;

export class FeedSocket {
  readonly clock = new ClockSync();
  private readonly listener: FeedSocketListener;
  private readonly url: string;
  private socket: WebSocket | null = null;
  private watched: Watched = null;
  private subscription = 0;
  private resting = false;
  private attempt = 0;
  private hubWishMs = 0;
  private lastHeardMs = 0;
  private lastDataMs = Number.NaN;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private pingTimer: ReturnType<typeof setInterval> | undefined;
  private readonly pingSent = new Map<number, number>();
  /** Of a share link, whose viewer has no cookie; '' for whoever is signed in. */
  private secret = '';

  constructor(url: string, listener: FeedSocketListener) {
    this.url = url;
    this.listener = listener;
  }

  start(): void {
    if (this.socket === null && this.retryTimer === undefined) this.connect();
  }

  /** As whoever came by a share link. */
  startShared(secret: string): void {
    this.secret = secret;
    this.start();
  }

  stop(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.drop();
  }

  /** Try now instead of when the back-off says: the network is back, or somebody looks at the page again. */
  hurry(): void {
    if (this.retryTimer === undefined) return;
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    this.connect();
  }

  watch(devices: Watched): void {
    this.watched = devices;
    this.resubscribe();
  }

  /** A hidden tab: keep the link, ask for nothing. */
  rest(): void {
    if (this.resting) return;
    this.resting = true;
    this.resubscribe();
    if (this.isOpen) this.listener.socketOnState({ kind: 'resting' });
  }

  wake(): void {
    if (!this.resting) return;
    this.resting = false;
    this.resubscribe();
    if (this.isOpen) this.listener.socketOnState({ kind: 'live' });
    else this.hurry();
  }

  /** Hub time in milliseconds, with a fraction. */
  nowHubMs(): number {
    return readClock() + this.clock.offsetMs;
  }

  private get isOpen(): boolean {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }

  private connect(): void {
    const socket = new WebSocket(
      this.url,
      this.secret === '' ? ['lapwing.v1'] : ['lapwing.v1', `lapwing.share.${this.secret}`],
    );
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    let opened = false;
    socket.addEventListener('open', () => {
      opened = true;
      this.socketOnOpen();
    });
    socket.addEventListener('message', (event: MessageEvent<ArrayBuffer>) => this.socketOnFrame(event.data));
    socket.addEventListener('close', () => {
      if (this.socket !== socket) return;
      this.socketOnClose(opened);
    });
  }

  private socketOnOpen(): void {
    this.lastHeardMs = readClock();
    this.clock.reset();
    this.pingSent.clear();
    this.subscription = 0;
    this.resubscribe();
    for (let i = 0; i < 3; i++) this.ping();
    this.pingTimer = setInterval(() => this.timerOnPing(), pingEveryMs);
    this.listener.socketOnState({ kind: this.resting ? 'resting' : 'live' });
  }

  private socketOnFrame(data: ArrayBuffer): void {
    const nowMs = readClock();
    this.lastHeardMs = nowMs;
    const decoded = decodeMessage(new Uint8Array(data), 'feed');
    if (!decoded.ok) {
      console.warn(`Lapwing: a frame of the feed was not understood (${decoded.fault}: ${decoded.text})`);
      return;
    }
    const { message } = decoded;
    if (message.type === 'pong') {
      const sentMs = this.pingSent.get(message.pingSentMs);
      this.pingSent.delete(message.pingSentMs);
      if (sentMs !== undefined) this.clock.addExchange(sentMs, message.clockMs, nowMs);
      return;
    }
    if (message.type === 'ping') {
      this.send({ type: 'pong', pingSentMs: message.sentMs, clockMs: Math.round(nowMs) });
      return;
    }
    if (message.type === 'goodbye') this.hubWishMs = message.backMs;
    else if (message.type === 'fault') this.hubWishMs = message.retryAfterMs;
    else this.noteData();
    this.listener.socketOnMessage(message);
  }

  private noteData(): void {
    this.lastDataMs = this.nowHubMs();
    this.attempt = 0;
  }

  private socketOnClose(opened: boolean): void {
    this.drop();
    const delayMs = planReconnect(this.attempt, Math.random(), this.hubWishMs);
    this.hubWishMs = 0;
    this.attempt++;
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      this.connect();
    }, delayMs);
    const retryAtMs = readClock() + delayMs;
    this.listener.socketOnState({ kind: 'waiting', lastDataMs: this.lastDataMs, retryAtMs, attempt: this.attempt });
    if (!opened) this.listener.socketOnRefused();
  }

  private drop(): void {
    clearInterval(this.pingTimer);
    this.pingTimer = undefined;
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  private timerOnPing(): void {
    if (readClock() - this.lastHeardMs > silenceMs) {
      this.drop();
      this.socketOnClose(true);
      return;
    }
    this.ping();
  }

  private ping(): void {
    const nowMs = readClock();
    let sentMs = Math.floor(nowMs);
    while (this.pingSent.has(sentMs)) sentMs++;
    this.pingSent.set(sentMs, nowMs);
    if (this.pingSent.size > 16) this.pingSent.delete(this.pingSent.keys().next().value!);
    this.send({ type: 'ping', sentMs });
  }

  private resubscribe(): void {
    if (!this.isOpen) return;
    if (this.subscription !== 0) this.send({ type: 'unsubscribe', id: this.subscription });
    const wanted = this.resting ? null : this.watched;
    if (wanted === null) {
      this.subscription = 0;
      return;
    }
    this.subscription = nextSubscription++;
    this.send({ type: 'subscribe', id: this.subscription, devices: wanted });
  }

  private send(message: ViewerMessage): void {
    if (this.isOpen) this.socket!.send(encodeMessage(message) as Uint8Array<ArrayBuffer>);
  }
}

let nextSubscription = 1;

/** Unix milliseconds with a fraction that never run backwards. */
export function readClock(): number {
  return performance.timeOrigin + performance.now();
}
