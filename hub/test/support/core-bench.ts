/**
 * A hub's core on a bench: memory store, no sockets, time as numbers. For tests.
 */
import {
  type Batch,
  BatchScratch,
  decodeMessage,
  encodeMessage,
  type FeedMessage,
  type Hello,
  type HubMessage,
  type Message,
  makeNumberColumn,
} from '@lapwing/protocol';
import { DeviceRoster, rosterDefaults } from '../../src/core/device-roster.ts';
import { type DeviceClaim, DeviceSession, type SessionParts, sessionDefaults } from '../../src/core/device-session.ts';
import { Intake } from '../../src/core/intake.ts';
import { LiveFeed } from '../../src/core/live-feed.ts';
import { MemoryStore } from './memory-store.ts';

export const token = 'let-me-in';

export class CoreBench {
  readonly store: MemoryStore;
  readonly roster: DeviceRoster;
  readonly feed: LiveFeed;
  readonly intake: Intake;
  readonly faults: string[] = [];
  flushRequests = 0;
  nowMs: number;
  readonly parts: SessionParts;

  /** `store`: what an earlier hub left behind. */
  constructor(nowMs = 1_000_000, store = new MemoryStore()) {
    this.nowMs = nowMs;
    this.store = store;
    const state = store.stateAfterCrash();
    this.roster = new DeviceRoster(state, (change) => store.change(change), { ...rosterDefaults, startedMs: nowMs });
    this.feed = new LiveFeed(this.roster, () => {
      this.flushRequests += 1;
    });
    const options = { ackIntervalMs: 2_000, ackAtOnceAfter: 256, storeRetryMs: 2_000 };
    this.intake = new Intake(
      { store, roster: this.roster, feed: this.feed, scratch: new BatchScratch(), someoneWaits: () => undefined },
      options,
    );
    this.parts = {
      roster: this.roster,
      intake: this.intake,
      feed: this.feed,
      options: sessionDefaults,
      verifyToken: (deviceId, given) => (given === token ? this.roster.enrol(deviceId, this.nowMs) : null),
      noteFault: (fault) => this.faults.push(fault),
    };
    store.listener = {
      storeOnCommitted: (receipt) => this.intake.storeOnCommitted(receipt, this.nowMs),
      storeOnAbandoned: (streams) => this.intake.storeOnAbandoned(streams),
      storeOnPressure: () => undefined,
      storeOnState: () => undefined,
    };
  }

  connect(claim: DeviceClaim = null): TestLink {
    return new TestLink(this, (link) => new DeviceSession(link, { claim, nowMs: this.nowMs }, this.parts));
  }

  /** A connected device that has been welcomed. */
  welcome(hello: Partial<Hello> = {}): TestLink {
    const link = this.connect();
    link.say(makeHello(hello));
    return link;
  }
}

/** The device's end of a link in a test: says frames, keeps what it heard. */
export class TestLink {
  readonly heard: HubMessage[] = [];
  closed: { code: number; reason: string } | null = null;
  readonly session: DeviceSession;
  private readonly bench: CoreBench;

  constructor(
    bench: CoreBench,
    open: (link: { send(frame: Uint8Array): void; close(code: number, reason: string): void }) => DeviceSession,
  ) {
    this.bench = bench;
    this.session = open({
      send: (frame) => {
        const decoded = decodeMessage(frame, 'hub');
        if (!decoded.ok) throw new Error(decoded.text);
        this.heard.push(decoded.message);
      },
      close: (code, reason) => {
        this.closed ??= { code, reason };
      },
    });
  }

  say(message: Message): void {
    this.sayBytes(encodeMessage(message));
  }

  sayBytes(frame: Uint8Array): void {
    this.session.linkOnFrame(frame, this.bench.nowMs);
  }

  hang(): void {
    this.session.linkOnClose();
  }

  acks(): number[] {
    return this.heard.flatMap((message) => (message.type === 'ack' ? [message.seq] : []));
  }

  last(): HubMessage | undefined {
    return this.heard.at(-1);
  }
}

/** A viewer whose socket drains when the test says so. */
export class TestViewer {
  readonly heard: FeedMessage[] = [];
  buffered = 0;

  send(frame: Uint8Array): void {
    const decoded = decodeMessage(frame, 'feed');
    if (!decoded.ok) throw new Error(decoded.text);
    this.heard.push(decoded.message);
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  ofType<T extends FeedMessage['type']>(type: T): Extract<FeedMessage, { type: T }>[] {
    return this.heard.filter((message) => message.type === type) as Extract<FeedMessage, { type: T }>[];
  }
}

export function makeHello(partial: Partial<Hello> = {}): Hello {
  return {
    type: 'hello',
    version: 1,
    deviceId: 'pi-1',
    token,
    model: 'test board',
    firmware: '1.0',
    epoch: 7,
    clockMs: 0,
    metrics: [
      { name: 'temperature', unit: '°C', kind: 'gauge' },
      { name: 'door', unit: '', kind: 'bool' },
      { name: 'state', unit: '', kind: 'text' },
    ],
    ...partial,
  };
}

export function makeBatch(seq: number, partial: Partial<Batch> & { value?: number } = {}): Batch {
  const { value = seq, ...rest } = partial;
  const columns = [makeNumberColumn(0, Float64Array.of(value))];
  return { type: 'batch', seq, ackNow: false, backfill: false, times: Float64Array.of(seq * 1_000), columns, ...rest };
}
