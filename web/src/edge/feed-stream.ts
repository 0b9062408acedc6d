/**
 * The live feed over Server-Sent Events, for where WebSockets are blocked on the way (SPEC SS). Fetched when that is found out.
 *
 * Owns one request at a time and the id of the last event, so that a stream that breaks goes on where it was. Not EventSource: that
 * can carry no secret of a share link. Refuses to come back by itself: its owner decides when, and whether the socket is tried instead.
 */
import { EventStreamParser } from '../core/event-stream-parser.ts';

export interface FeedStreamListener {
  streamOnOpen(): void;
  streamOnFrame(frame: Uint8Array): void;
  streamOnClose(wasOpen: boolean): void;
}

export class FeedStream {
  private readonly listener: FeedStreamListener;
  private readonly init: RequestInit;
  private request: AbortController | null = null;
  isOpen = false;
  private lastId = '';
  private devices = '';

  /** `init`: what every request of this page carries. */
  constructor(listener: FeedStreamListener, init: RequestInit) {
    this.listener = listener;
    this.init = init;
  }

  open(devices: readonly string[]): void {
    this.close();
    const query = new URLSearchParams({ form: 'frames' });
    if (devices.length > 0) query.set('device', devices.join(','));
    if (devices.join() !== this.devices) this.lastId = '';
    this.devices = devices.join();
    if (this.lastId !== '') query.set('after', this.lastId);
    const request = new AbortController();
    this.request = request;
    void this.read(`/api/v1/feed?${query}`, request).then(() => {
      if (this.request !== request) return;
      const wasOpen = this.isOpen;
      this.close();
      this.listener.streamOnClose(wasOpen);
    });
  }

  close(): void {
    this.isOpen = false;
    this.request?.abort();
    this.request = null;
  }

  /** Resolves when it has ended, however that was. */
  private async read(url: string, request: AbortController): Promise<void> {
    const { signal } = request;
    const parser = new EventStreamParser((data, id) => {
      if (signal.aborted) return;
      this.lastId = id;
      this.listener.streamOnFrame(readBase64(data));
    });
    try {
      const response = await fetch(url, { ...this.init, signal, cache: 'no-store' });
      if (!response.ok || response.body === null || signal.aborted) return;
      this.isOpen = true;
      this.listener.streamOnOpen();
      const reader = response.body.getReader();
      const utf8 = new TextDecoder();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || signal.aborted) return;
        parser.take(utf8.decode(value, { stream: true }));
      }
    } catch {
      // A network that broke, or somebody who closed it.
    } finally {
      request.abort();
    }
  }
}

function readBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
