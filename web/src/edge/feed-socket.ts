/**
 * The viewer's link to the hub: one WebSocket that comes back by itself, or Server-Sent Events where sockets are blocked.
 *
 * Owns the socket or the stream, its timers, and what this viewer watches. Invariants: what is watched is asked for again after every
 * reconnection (SPEC RC); at most one of them feeds the page at a time; a link that says nothing for `silenceMs` is dead, whatever
 * TCP believes. Refuses to judge what comes in: decoded messages go to the listener.
 */
import { decodeMessage, encodeMessage, type FeedMessage, type ViewerMessage } from '@lapwing/protocol';
import type { LinkState } from '../core/app-model.ts';
import { ClockSync } from '../core/clock-sync.ts';
import { FeedWays, lookAgainMs, openMsMax } from '../core/feed-way.ts';
import { planReconnect } from '../core/reconnect-delay.ts';
import { LazyFeedStream } from './lazy-feed-stream.ts';

const pingEveryMs = 4_000;
const silenceMs = 11_000;
/** The stream's own signs of life are fifteen seconds apart. */
const streamSilenceMs = 40_000;

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
  private held = false;
  private readonly ways = new FeedWays();
  private readonly stream = new LazyFeedStream(
    {
      streamOnOpen: () => this.streamOnOpen(),
      streamOnFrame: (frame) => this.socketOnFrame(frame),
      streamOnClose: (wasOpen) => this.socketOnClose(wasOpen),
    },
    () => this.init,
  );
  private lookTimer: ReturnType<typeof setInterval> | undefined;
  private openTimer: ReturnType<typeof setTimeout> | undefined;
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
    if (this.socket === null && !this.stream.isOpen && this.retryTimer === undefined) this.connect();
  }

  /** As whoever came by a share link. */
  startShared(secret: string): void {
    this.secret = secret;
    this.start();
  }

  stop(): void {
    clearTimeout(this.retryTimer);
    this.retryTimer = undefined;
    clearInterval(this.lookTimer);
    this.lookTimer = undefined;
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

  /** The page shows another time: keep the link, ask for nothing. */
  hold(isHeld: boolean): void {
    if (this.held === isHeld) return;
    this.held = isHeld;
    this.resubscribe();
  }

  wake(): void {
    if (!this.resting) return;
    this.resting = false;
    this.resubscribe();
    if (this.isOpen) this.listener.socketOnState(this.live);
    else this.hurry();
  }

  /** Hub time in milliseconds, with a fraction. */
  nowHubMs(): number {
    return readClock() + this.clock.offsetMs;
  }

  private get isOpen(): boolean {
    if (this.ways.way === 'stream') return this.stream.isOpen || this.isStreamIdle;
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }

  /** Nothing is watched, and a stream of nothing need not be open. */
  private get isStreamIdle(): boolean {
    return this.wanted === null && this.retryTimer === undefined;
  }

  private get wanted(): Watched {
    return this.resting || this.held ? null : this.watched;
  }

  private get live(): LinkState {
    return { kind: 'live', way: this.ways.way };
  }

  private connect(): void {
    if (this.ways.way === 'stream') this.connectStream();
    else this.connectSocket();
  }

  private connectStream(): void {
    const { wanted } = this;
    this.lookTimer ??= setInterval(() => this.lookForSocket(), lookAgainMs);
    if (wanted !== null) this.stream.open(wanted);
  }

  private streamOnOpen(): void {
    this.begin();
    const exchange = () => void this.measureClock();
    for (let i = 0; i < 3; i++) exchange();
    this.pingTimer = setInterval(() => {
      if (readClock() - this.lastHeardMs > streamSilenceMs) this.socketOnClose(true);
      else exchange();
    }, pingEveryMs * 4);
  }

  private async measureClock(): Promise<void> {
    const sentMs = readClock();
    try {
      const hubMs = await this.readHubClock();
      this.clock.addExchange(sentMs, hubMs, readClock());
      this.lastHeardMs = readClock();
    } catch {
      // A hub that does not answer is found out by its silence.
    }
  }

  /** Beside the stream: a socket that opens takes over. */
  private lookForSocket(): void {
    const socket = this.openSocket();
    const timer = setTimeout(() => socket.close(), openMsMax);
    socket.addEventListener('open', () => {
      clearTimeout(timer);
      if (this.ways.way !== 'stream') return socket.close();
      this.drop();
      clearTimeout(this.retryTimer);
      this.retryTimer = undefined;
      this.ways.takeSocket();
      this.adopt(socket);
      this.socketOnOpen();
    });
  }

  private openSocket(): WebSocket {
    const names = this.secret === '' ? ['lapwing.v1'] : ['lapwing.v1', `lapwing.share.${this.secret}`];
    return new WebSocket(this.url, names);
  }

  private connectSocket(): void {
    const socket = this.openSocket();
    this.openTimer = setTimeout(() => {
      if (this.socket !== socket || socket.readyState !== WebSocket.CONNECTING) return;
      this.socketOnClose(false);
    }, openMsMax);
    this.adopt(socket);
  }

  private adopt(socket: WebSocket): void {
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    let opened = socket.readyState === WebSocket.OPEN;
    socket.addEventListener('open', () => {
      opened = true;
      this.socketOnOpen();
    });
    socket.addEventListener('message', (event: MessageEvent<ArrayBuffer>) =>
      this.socketOnFrame(new Uint8Array(event.data)),
    );
    socket.addEventListener('close', () => {
      if (this.socket !== socket) return;
      this.socketOnClose(opened);
    });
  }

  private socketOnOpen(): void {
    this.pingSent.clear();
    this.subscription = 0;
    this.resubscribe();
    this.begin();
    for (let i = 0; i < 3; i++) this.ping();
    this.pingTimer = setInterval(() => this.timerOnPing(), pingEveryMs);
  }

  private begin(): void {
    clearTimeout(this.openTimer);
    clearInterval(this.pingTimer);
    this.ways.noteOpen();
    this.lastHeardMs = readClock();
    this.clock.reset();
    this.listener.socketOnState(this.resting ? { kind: 'resting' } : this.live);
  }

  private socketOnFrame(data: Uint8Array): void {
    const nowMs = readClock();
    this.lastHeardMs = nowMs;
    const decoded = decodeMessage(data, 'feed');
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
    if (this.ways.noteEnd(opened) === 'socket') {
      clearInterval(this.lookTimer);
      this.lookTimer = undefined;
      if (!opened) void this.askWhetherBlocked();
    }
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

  /** A hub that is away answers nothing; one that answers here and not there has something in between. */
  private async askWhetherBlocked(): Promise<void> {
    try {
      await this.readHubClock();
      this.ways.noteRefused();
    } catch {
      // Away, or nobody is signed in any more: the socket goes on trying.
    }
  }

  /** Over HTTP, for where no socket can be asked. */
  private async readHubClock(): Promise<number> {
    const answer = await fetch('/api/v1/clock', this.init);
    if (!answer.ok) throw new Error(`${answer.status}`);
    return ((await answer.json()) as { clockMs: number }).clockMs;
  }

  private get init(): RequestInit {
    return this.secret === '' ? {} : { headers: { authorization: `Bearer ${this.secret}` }, credentials: 'omit' };
  }

  private drop(): void {
    clearInterval(this.pingTimer);
    this.pingTimer = undefined;
    clearTimeout(this.openTimer);
    this.stream.close();
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
    if (this.ways.way === 'stream') {
      if (this.retryTimer !== undefined || this.lookTimer === undefined) return;
      if (this.wanted === null) this.stream.close();
      else this.connectStream();
      return;
    }
    if (!this.isOpen) return;
    if (this.subscription !== 0) this.send({ type: 'unsubscribe', id: this.subscription });
    const { wanted } = this;
    if (wanted === null) {
      this.subscription = 0;
      return;
    }
    this.subscription = nextSubscription++;
    this.send({ type: 'subscribe', id: this.subscription, devices: wanted });
  }

  private send(message: ViewerMessage): void {
    if (this.isOpen) this.socket?.send(encodeMessage(message) as Uint8Array<ArrayBuffer>);
  }
}

let nextSubscription = 1;

/** Unix milliseconds with a fraction that never run backwards. */
export function readClock(): number {
  return performance.timeOrigin + performance.now();
}
