/**
 * Joins one device link to a socket and a timer: does the actions of `device-link.ts` in order, and nothing else.
 *
 * Owns the socket of this device, at most one. Invariant: events of a socket that was given up never reach the link. Refuses
 * to decide: what to do comes from the link, what to sample from `hooks`.
 */
import { type Command, type Desired, decodeMessage, type GoodbyeReason, type Welcome } from '@lapwing/protocol';
import type { DeviceLink } from './device-link.ts';
import type { LinkAction, LinkEvent, LinkTime } from './link-types.ts';

export interface SocketPort {
  send(frame: Uint8Array): void;
  close(code: number): void;
}

export interface SocketListener {
  socketOnOpen(): void;
  socketOnFrame(frame: Uint8Array): void;
  socketOnClosed(closed: { code: number; httpStatus: number; retryAfterMs: number; text: string }): void;
}

export type ConnectSocket = (listener: SocketListener) => SocketPort;

/** What the program around a link wants to know. All but `runCommand` may be left out. */
export interface LinkHooks {
  runCommand(command: Command, answer: (ok: boolean, result: string) => void): void;
  /** Answers the JSON to report. */
  applyDesired?(desired: Desired): string;
  resample?(intervalMs: number, forMs: number): void;
  linkOnWelcome?(welcome: Welcome): void;
  linkOnAcked?(seq: number, readings: number): void;
  linkOnClock?(offsetMs: number): void;
  linkOnNote?(level: 'info' | 'warning' | 'error', text: string): void;
  linkOnLeft?(): void;
  linkOnRefused?(text: string): void;
}

export interface LinkDriverOptions {
  readonly link: DeviceLink;
  readonly connect: ConnectSocket;
  readonly readTime: () => LinkTime;
  /** Calls `wake` at that time; Infinity cancels. */
  readonly wakeAt: (atMs: number) => void;
  readonly hooks: LinkHooks;
}

export class LinkDriver {
  readonly link: DeviceLink;
  private readonly options: LinkDriverOptions;
  private socket: SocketPort | null = null;
  private acting = false;
  private readonly later: LinkEvent[] = [];
  private wokenAtMs = Number.POSITIVE_INFINITY;

  constructor(options: LinkDriverOptions) {
    this.options = options;
    this.link = options.link;
  }

  start(): void {
    this.step({ name: 'start' });
  }

  /** The outbox has grown. */
  push(): void {
    if (this.link.stage.name === 'live') this.step({ name: 'appended' });
  }

  leave(reason: GoodbyeReason, backMs: number): void {
    this.step({ name: 'leave', reason, backMs });
  }

  abort(): void {
    this.step({ name: 'abort' });
  }

  /** The time told to `wakeAt` has come. Deadlines move with every message, so most wakes only look and wait again. */
  wake(): void {
    this.wokenAtMs = Number.POSITIVE_INFINITY;
    if (this.options.readTime().nowMs >= this.link.wakeMs) this.step({ name: 'due' });
    else this.planWake();
  }

  /** An event that an action brings about waits until the actions before it are done: the link's order is the wire's order. */
  step(event: LinkEvent): void {
    if (this.acting) {
      this.later.push(event);
      return;
    }
    this.acting = true;
    for (let next: LinkEvent | undefined = event; next !== undefined; next = this.later.shift()) {
      for (const action of this.link.step(next, this.options.readTime())) this.act(action);
    }
    this.acting = false;
    this.planWake();
  }

  /** Only an earlier wake is told at once: a later one is found out when the earlier comes. */
  private planWake(): void {
    const { wakeMs } = this.link;
    if (wakeMs >= this.wokenAtMs && wakeMs !== Number.POSITIVE_INFINITY) return;
    if (wakeMs === this.wokenAtMs) return;
    this.wokenAtMs = wakeMs;
    this.options.wakeAt(wakeMs);
  }

  private act(action: LinkAction): void {
    const { hooks } = this.options;
    switch (action.do) {
      case 'connect':
        this.openSocket();
        return;
      case 'send':
        this.socket?.send(action.frame);
        return;
      case 'close':
        this.closeSocket(action.code);
        return;
      case 'welcomed':
        hooks.linkOnWelcome?.(action.welcome);
        return;
      case 'acked':
        hooks.linkOnAcked?.(action.seq, action.readings);
        return;
      case 'clock':
        hooks.linkOnClock?.(action.offsetMs);
        return;
      case 'run': {
        const { id } = action.command;
        hooks.runCommand(action.command, (ok, result) => this.step({ name: 'ran', id, ok, result }));
        return;
      }
      case 'apply': {
        const state = hooks.applyDesired?.(action.desired);
        if (state !== undefined) this.step({ name: 'applied', version: action.desired.version, state });
        return;
      }
      case 'resample':
        hooks.resample?.(action.intervalMs, action.forMs);
        return;
      case 'note':
        hooks.linkOnNote?.(action.level, action.text);
        return;
      case 'left':
        hooks.linkOnLeft?.();
        return;
      case 'refused':
        hooks.linkOnRefused?.(action.text);
        return;
    }
  }

  private openSocket(): void {
    let mine: SocketPort | null = null;
    const isMine = (): boolean => mine === null || mine === this.socket;
    mine = this.options.connect({
      socketOnOpen: () => {
        if (isMine()) this.step({ name: 'opened' });
      },
      socketOnFrame: (frame) => {
        if (isMine()) this.hearFrame(frame);
      },
      socketOnClosed: (closed) => {
        if (!isMine()) return;
        this.socket = null;
        this.step({ name: 'closed', ...closed });
      },
    });
    this.socket = mine;
  }

  private hearFrame(frame: Uint8Array): void {
    const decoded = decodeMessage(frame, 'hub');
    if (decoded.ok) this.step({ name: 'heard', message: decoded.message });
    else this.step({ name: 'garbled', report: { fault: decoded.fault, text: decoded.text } });
  }

  private closeSocket(code: number): void {
    const { socket } = this;
    this.socket = null;
    socket?.close(code);
  }
}
