/**
 * The live feed over Server-Sent Events, for where WebSockets are blocked on the way (SPEC SS).
 *
 * Owns one EventSource at a time and the id of the last event, so that a stream that breaks goes on where it was. Refuses to come
 * back by itself: its owner decides when, and whether the socket is tried instead.
 */

export interface FeedStreamListener {
  streamOnOpen(): void;
  streamOnFrame(frame: Uint8Array): void;
  streamOnClose(wasOpen: boolean): void;
}

export class FeedStream {
  private readonly listener: FeedStreamListener;
  private source: EventSource | null = null;
  private lastId = '';
  private devices = '';

  constructor(listener: FeedStreamListener) {
    this.listener = listener;
  }

  get isOpen(): boolean {
    return this.source?.readyState === EventSource.OPEN;
  }

  open(devices: readonly string[]): void {
    this.close();
    const query = new URLSearchParams({ form: 'frames' });
    if (devices.length > 0) query.set('device', devices.join(','));
    if (devices.join() !== this.devices) this.lastId = '';
    this.devices = devices.join();
    if (this.lastId !== '') query.set('after', this.lastId);
    const source = new EventSource(`/api/v1/feed?${query}`);
    this.source = source;
    let wasOpen = false;
    source.addEventListener('open', () => {
      wasOpen = true;
      this.listener.streamOnOpen();
    });
    source.addEventListener('message', (event: MessageEvent<string>) => {
      this.lastId = event.lastEventId;
      this.listener.streamOnFrame(readBase64(event.data));
    });
    source.addEventListener('error', () => {
      if (this.source !== source) return;
      this.close();
      this.listener.streamOnClose(wasOpen);
    });
  }

  close(): void {
    const { source } = this;
    this.source = null;
    source?.close();
  }

  /** What comes next begins afresh: somebody asked for less meanwhile. */
  forget(): void {
    this.lastId = '';
  }
}

function readBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
