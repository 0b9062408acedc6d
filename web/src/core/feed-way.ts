/**
 * Which way the feed takes: the WebSocket, or Server-Sent Events where sockets cannot be opened.
 *
 * Owns what was tried. A socket that was open once proves the way; two that never opened, one behind the other, while the hub
 * answers over HTTP, are taken for blocked (a proxy answers 4xx, or nothing at all). Then the stream is tried, and now and then the socket again. Times are arguments.
 */

export type FeedWay = 'socket' | 'stream';

const failuresMax = 2;
/** A page that runs over the stream looks this often whether the socket works by now. */
export const lookAgainMs = 120_000;
/** A socket that is neither open nor refused by then counts as blocked. */
export const openMsMax = 6_000;

export class FeedWays {
  private failures = 0;
  way: FeedWay = 'socket';

  noteOpen(): void {
    if (this.way === 'socket') this.failures = 0;
  }

  /** A link ended; says which way to try next. */
  noteEnd(wasOpen: boolean): FeedWay {
    if (this.way === 'stream') {
      // A stream that cannot be opened either: the hub is away, and the better way is tried first when it is back.
      if (!wasOpen) {
        this.way = 'socket';
        this.failures = failuresMax - 1;
      }
    } else if (wasOpen) this.failures = 0;
    return this.way;
  }

  /** A socket could not be opened, and yet the hub answers over HTTP: a hub that is merely away blocks nothing. */
  noteRefused(): void {
    if (this.way === 'socket' && ++this.failures >= failuresMax) this.way = 'stream';
  }

  /** A socket opened beside the stream. */
  takeSocket(): void {
    this.way = 'socket';
    this.failures = 0;
  }
}
