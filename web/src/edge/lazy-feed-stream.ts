/**
 * The feed's event stream before its code is here: most pages never need it.
 *
 * Owns what is wanted of it until then. Invariant: what was closed meanwhile stays closed.
 */
import type { FeedStream, FeedStreamListener } from './feed-stream.ts';

export class LazyFeedStream {
  private readonly listener: FeedStreamListener;
  private readonly makeInit: () => RequestInit;
  private stream: FeedStream | null = null;
  private wanted: readonly string[] | null = null;

  constructor(listener: FeedStreamListener, makeInit: () => RequestInit) {
    this.listener = listener;
    this.makeInit = makeInit;
  }

  get isOpen(): boolean {
    return this.stream?.isOpen === true;
  }

  open(devices: readonly string[]): void {
    this.wanted = devices;
    if (this.stream !== null) this.stream.open(devices);
    else void this.load();
  }

  close(): void {
    this.wanted = null;
    this.stream?.close();
  }

  private async load(): Promise<void> {
    try {
      const { FeedStream } = await import('./feed-stream.ts');
      this.stream ??= new FeedStream(this.listener, this.makeInit());
      if (this.wanted !== null) this.stream.open(this.wanted);
    } catch {
      if (this.wanted !== null) this.listener.streamOnClose(false);
    }
  }
}
