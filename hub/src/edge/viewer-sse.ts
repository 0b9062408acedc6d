/**
 * GET /api/v1/feed: the live feed as Server-Sent Events, for a page whose WebSocket is blocked on the way, and for curl -N.
 *
 * Owns the open streams and, for `lingerMs` after one was cut, what its reader may have missed. The same audiences and the same rule
 * for the slow as the viewer sockets: frames wait in their binary form, shared, and are put into words when the reader's socket
 * takes them; with more than the feed's stallBytes waiting it is owed Snapshots instead. An event's id says what was received up to
 * it, so that a reader that comes back in time goes on without a hole or a duplicate; one that comes too late begins with Snapshots.
 * A reader whose rights end is cut at once, with whatever is unsent.
 */
import { encodeMessage, type FaultName } from '@lapwing/protocol';
import type { DeviceRoster } from '../core/device-roster.ts';
import { describeFrame } from '../core/feed-text.ts';
import type { LiveFeed, Viewer } from '../core/live-feed.ts';
import type { ViewScope } from '../core/shares.ts';
import { feedShapes } from './feed-shapes.ts';
import { HttpProblem, makeRoute, type Route } from './http-router.ts';
import type { Out } from './http-shapes.ts';
import { makeId } from './secrets.ts';
import type { Principal } from './sign-in-desk.ts';

export interface StreamParts {
  readonly feed: LiveFeed;
  readonly roster: DeviceRoster;
  readonly isGood: (principal: Principal) => boolean;
  readonly scopeOf: (principal: Principal) => ViewScope | null;
  readonly noteFault: (fault: FaultName, text: string) => void;
  readonly nowMs: () => number;
}
type FeedQuery = Out<typeof feedShapes.feedQuery>;

const heartbeatMs = 15_000;
/** A reader that takes nothing for so long has gone without saying so. */
const silenceMsMax = 120_000;
const lingerMs = 30_000;
const streamsMax = 1_000;
/** Sent, and kept in case it did not arrive. */
const keptBytesMax = 65_536;
const retryMs = 2_000;

/** Frame `frame` and all before it were received, and `parts` events of the next. */
interface Place {
  readonly frame: number;
  readonly parts: number;
}
interface Item {
  readonly number: number;
  readonly bytes: Uint8Array;
}

class FeedStream {
  readonly id = makeId();
  readonly principal: Principal;
  readonly scope: ViewScope | null;
  readonly key: string;
  viewer!: Viewer;
  /** Rises with each connection, so that the one before knows that it is not the stream's any more. */
  turn = 0;
  cut: (() => void) | null = null;
  /** Events of the first frame that its reader has already. */
  skip = 0;
  detachedMs = Number.NaN;
  takenMs: number;
  isEnded = false;
  isBeatDue = false;
  private waiting: Item[] = [];
  private kept: Item[] = [];
  private waitingBytes = 0;
  private keptBytes = 0;
  private frames = 0;
  private wake: () => void = () => undefined;

  constructor(of: { principal: Principal; scope: ViewScope | null; key: string; nowMs: number }) {
    this.principal = of.principal;
    this.scope = of.scope;
    this.key = of.key;
    this.takenMs = of.nowMs;
  }

  send(frame: Uint8Array): void {
    if (this.isEnded) return;
    this.waiting.push({ number: ++this.frames, bytes: frame });
    this.waitingBytes += frame.length;
    this.wake();
  }

  bufferedBytes(): number {
    return this.waitingBytes;
  }

  /** What is taken counts as sent; it is kept until newer frames push it out. */
  take(nowMs: number): Item | null {
    const item = this.waiting.shift();
    if (item === undefined) return null;
    this.takenMs = nowMs;
    this.waitingBytes -= item.bytes.length;
    this.kept.push(item);
    this.keptBytes += item.bytes.length;
    while (this.keptBytes > keptBytesMax && this.kept.length > 1) this.keptBytes -= this.kept.shift()!.bytes.length;
    return item;
  }

  /** Puts back what did not arrive; false where some of that is not kept any more. */
  resumeBehind({ frame }: Place): boolean {
    const first = this.kept[0]?.number ?? this.frames - this.waiting.length + 1;
    if (frame + 1 < first || frame > this.frames) return false;
    const lost = this.kept.filter(({ number }) => number > frame);
    this.waiting = [...lost, ...this.waiting];
    for (const { bytes } of lost) this.waitingBytes += bytes.length;
    this.kept = [];
    this.keptBytes = 0;
    return true;
  }

  beat(): void {
    this.isBeatDue = true;
    this.wake();
  }

  end(): void {
    this.isEnded = true;
    this.wake();
  }

  endTurn(): void {
    this.turn++;
    this.wake();
  }

  /** Resolves when something may have changed. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        this.wake = () => undefined;
        resolve();
      };
      this.wake = done;
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
}

export class FeedStreams {
  private readonly streams = new Map<string, FeedStream>();
  private readonly parts: StreamParts;

  constructor(parts: StreamParts) {
    this.parts = parts;
  }

  /** With a reader. */
  count(): number {
    let open = 0;
    for (const { detachedMs } of this.streams.values()) if (Number.isNaN(detachedMs)) open++;
    return open;
  }

  routes(): Route[] {
    return [
      makeRoute({
        method: 'GET',
        path: '/api/v1/feed',
        access: 'scoped',
        summary: 'What happens, as it happens (Server-Sent Events): snapshot, readings, late, event, presence, goodbye',
        query: feedShapes.feedQuery,
        headers: {
          'last-event-id': 'goes on behind the event of this id, where the hub still holds what came after it',
        },
        produces: ['text/event-stream'],
        handle: ({ query, principal, header, cut }) => {
          const stream = this.open(query, principal!, query.after ?? header('last-event-id'));
          stream.cut = cut;
          const turn = stream.turn;
          return {
            status: 200,
            headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' },
            stream: (signal) => this.pump({ stream, turn, query }, signal),
          };
        },
      }),
      makeRoute({
        method: 'GET',
        path: '/api/v1/clock',
        access: 'scoped',
        summary: 'The hub’s clock: half the time of the call is how far off it may be',
        answer: feedShapes.clock,
        handle: () => ({ status: 200, json: { clockMs: this.parts.nowMs() } }),
      }),
    ];
  }

  /** Someone lost a right, or may see something else now: that reader is cut. A page comes back and sees what it may. */
  checkRights(): void {
    for (const stream of this.streams.values()) {
      const { principal, scope } = stream;
      if (this.parts.isGood(principal) && this.parts.scopeOf(principal) === scope) continue;
      this.remove(stream);
      stream.cut?.();
    }
  }

  /** About once a second. */
  sweep(nowMs: number): void {
    for (const stream of this.streams.values()) {
      if (nowMs - stream.detachedMs > lingerMs) this.remove(stream);
      else if (!Number.isNaN(stream.detachedMs)) continue;
      else if (nowMs - stream.takenMs > silenceMsMax) {
        this.parts.noteFault('heartbeatTimeout', 'the reader of a feed took nothing');
        this.remove(stream);
        stream.cut?.();
      } else if (nowMs - stream.takenMs >= heartbeatMs) stream.beat();
    }
  }

  sayGoodbye(backMs: number): void {
    const goodbye = encodeMessage({ type: 'goodbye', reason: 'restarting', backMs });
    for (const stream of this.streams.values()) {
      stream.send(goodbye);
      this.remove(stream);
    }
  }

  private open(query: FeedQuery, principal: Principal, after: string): FeedStream {
    const { feed, roster, scopeOf, nowMs } = this.parts;
    const scope = scopeOf(principal);
    const key = JSON.stringify([query.device, query.metric, query.form, principal]);
    const resumed = this.resume(key, after);
    if (resumed !== null) return resumed;
    this.makeRoom();
    const stream = new FeedStream({ principal, scope, key, nowMs: nowMs() });
    const link = {
      send: (frame: Uint8Array) => stream.send(frame),
      bufferedBytes: () => stream.bufferedBytes(),
    };
    for (const id of query.device ?? []) {
      if (!roster.devices.has(id) || (scope !== null && !scope.has(id))) throw noDevice(id);
    }
    stream.viewer = feed.addViewer(link, scope);
    const refused = feed.subscribe(stream.viewer, { type: 'subscribe', id: 1, devices: query.device ?? [] });
    if (refused !== null) {
      feed.removeViewer(stream.viewer);
      throw new HttpProblem(400, refused.fault, { message: refused.text, advice: 'See protocol/SPEC.md, SSE.' });
    }
    this.streams.set(stream.id, stream);
    return stream;
  }

  private resume(key: string, after: string): FeedStream | null {
    const [id = '', frame, parts] = after.split('.');
    const stream = this.streams.get(id);
    if (stream === undefined || stream.key !== key) return null;
    const place = { frame: Number(frame), parts: Number(parts) };
    if (!(place.frame >= 0 && place.parts >= 0) || !stream.resumeBehind(place)) {
      this.remove(stream);
      return null;
    }
    stream.endTurn();
    stream.detachedMs = Number.NaN;
    stream.takenMs = this.parts.nowMs();
    stream.skip = place.parts;
    return stream;
  }

  /** Those that linger make room for those that read. */
  private makeRoom(): void {
    if (this.streams.size < streamsMax) return;
    for (const stream of this.streams.values()) {
      if (Number.isNaN(stream.detachedMs)) continue;
      this.remove(stream);
      return;
    }
    throw new HttpProblem(503, 'too-many-streams', {
      message: `The hub has ${streamsMax} readers of its feed, which is its limit`,
      advice: 'Close some, or use the viewer socket.',
    });
  }

  private remove(stream: FeedStream): void {
    if (!this.streams.delete(stream.id)) return;
    this.parts.feed.removeViewer(stream.viewer);
    stream.end();
  }

  private async *pump(
    { stream, turn, query }: { stream: FeedStream; turn: number; query: FeedQuery },
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const metrics = query.metric === undefined ? null : new Set(query.metric);
    try {
      yield encoder.encode(`retry: ${retryMs}\n\n`);
      while (stream.turn === turn && !signal.aborted) {
        const item = stream.take(this.parts.nowMs());
        if (item !== null) {
          const text =
            query.form === 'frames'
              ? writeFrame(stream.id, item)
              : this.writeObjects(stream.id, item, { metrics, skip: stream.skip });
          stream.skip = 0;
          if (text !== '') yield encoder.encode(text);
        } else if (stream.isEnded) return;
        else if (stream.isBeatDue) {
          stream.isBeatDue = false;
          yield encoder.encode(': still here\n\n');
          stream.takenMs = this.parts.nowMs();
        } else await stream.wait(signal);
      }
    } finally {
      if (stream.turn === turn && Number.isNaN(stream.detachedMs)) stream.detachedMs = this.parts.nowMs();
    }
  }

  private writeObjects(
    id: string,
    { number, bytes }: Item,
    { metrics, skip }: { metrics: ReadonlySet<string> | null; skip: number },
  ): string {
    const objects = describeFrame(this.parts.roster, bytes, metrics);
    let text = '';
    objects.forEach(({ name, data }, i) => {
      if (i < skip) return;
      const place = i === objects.length - 1 ? `${number}.0` : `${number - 1}.${i + 1}`;
      text += `id: ${id}.${place}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    });
    return text;
  }
}

const encoder = new TextEncoder();

function writeFrame(id: string, { number, bytes }: Item): string {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return `id: ${id}.${number}.0\ndata: ${base64}\n\n`;
}

function noDevice(id: string): HttpProblem {
  return new HttpProblem(404, 'no-device', { message: `There is no device ${id}`, advice: 'See GET /api/v1/devices.' });
}
