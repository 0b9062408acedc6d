/**
 * Viewer links over WebSocket. The other file that uses `ws`.
 *
 * Owns the viewers' sockets and who they belong to. A viewer whose rights end is cut at once, one that has said nothing for
 * two and a half heartbeats as well (SE-10).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeCodeOf, decodeMessage, encodeMessage, type FaultName, faultTable, limits } from '@lapwing/protocol';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { LiveFeed, Viewer } from '../core/live-feed.ts';
import type { ViewScope } from '../core/shares.ts';
import { wrapMessage } from './frame-wire.ts';
import type { Principal } from './sign-in-desk.ts';

export interface ViewerParts {
  readonly feed: LiveFeed;
  readonly isGood: (principal: Principal) => boolean;
  /** All that somebody may see; null: everything. */
  readonly scopeOf: (principal: Principal) => ViewScope | null;
  readonly noteFault: (fault: FaultName, text: string) => void;
}

interface ViewerSocket {
  readonly socket: WebSocket;
  readonly viewer: Viewer;
  readonly principal: Principal;
  lastHeardMs: number;
  lastPingMs: number;
}

/** Twice what a viewer may send: between the two the decoder answers in our own words. */
const payloadBytesMax = 2 * limits.frameBytesMax;
const heartbeatMs = 15_000;
const noBytes = Buffer.alloc(0);

export class ViewerSockets {
  private readonly server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: payloadBytesMax,
    perMessageDeflate: false,
    skipUTF8Validation: true,
    handleProtocols: (offered) => (offered.has('lapwing.v1') ? 'lapwing.v1' : false),
  });
  private readonly open = new Set<ViewerSocket>();
  private readonly parts: ViewerParts;
  private wrapped: { readonly frame: Uint8Array; readonly bytes: Buffer } = { frame: noBytes, bytes: noBytes };

  constructor(parts: ViewerParts) {
    this.parts = parts;
  }

  count(): number {
    return this.open.size;
  }

  accept(upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer }, principal: Principal): void {
    const { request, socket: stream, head } = upgrade;
    this.server.handleUpgrade(request, stream, head, (socket) => this.begin(socket, stream, principal));
  }

  /** Someone lost a right: cut every viewer that no longer has one. */
  checkRights(): void {
    for (const entry of this.open) {
      if (!this.parts.isGood(entry.principal)) this.fail(entry, 'revoked', 'the session ended');
      else if (this.parts.scopeOf(entry.principal) !== entry.viewer.scope) this.sendAway(entry);
    }
  }

  /** About once a second: heartbeats. */
  sweep(nowMs: number): void {
    for (const entry of this.open) {
      if (nowMs - entry.lastHeardMs > 2.5 * heartbeatMs)
        this.fail(entry, 'heartbeatTimeout', 'the viewer said nothing');
      else if (nowMs - entry.lastPingMs >= heartbeatMs) {
        entry.lastPingMs = nowMs;
        entry.socket.send(encodeMessage({ type: 'ping', sentMs: nowMs }));
      }
    }
  }

  sayGoodbye(backMs: number): void {
    const goodbye = encodeMessage({ type: 'goodbye', reason: 'restarting', backMs });
    for (const { socket } of this.open) {
      socket.send(goodbye);
      socket.close(1001, 'goodbye');
    }
  }

  terminate(): void {
    for (const { socket } of this.open) socket.terminate();
  }

  /** What it may see has changed: it comes back and sees that. */
  private sendAway(entry: ViewerSocket): void {
    if (!this.open.delete(entry)) return;
    this.parts.feed.removeViewer(entry.viewer);
    entry.socket.send(encodeMessage({ type: 'goodbye', reason: 'restarting', backMs: 0 }));
    entry.socket.close(1001, 'goodbye');
  }

  private begin(socket: WebSocket, stream: Duplex, principal: Principal): void {
    const link = {
      send: (frame: Uint8Array) => {
        if (socket.readyState === WebSocket.OPEN) stream.write(this.wrap(frame));
      },
      bufferedBytes: () => stream.writableLength,
    };
    const nowMs = Date.now();
    const viewer = this.parts.feed.addViewer(link, this.parts.scopeOf(principal));
    const entry: ViewerSocket = { socket, viewer, principal, lastHeardMs: nowMs, lastPingMs: nowMs };
    this.open.add(entry);
    socket.on('message', (data: RawData, isBinary: boolean) => {
      entry.lastHeardMs = Date.now();
      if (isBinary) this.take(entry, data as Buffer);
      else this.fail(entry, 'notBinary', 'a text message came');
    });
    socket.on('close', () => {
      if (this.open.delete(entry)) this.parts.feed.removeViewer(entry.viewer);
    });
    socket.on('error', (error) => this.parts.noteFault('malformedFrame', error.message));
  }

  /** A frame of the feed is the same for a whole audience: it is put into its WebSocket frame once. */
  private wrap(frame: Uint8Array): Buffer {
    if (this.wrapped.frame !== frame) this.wrapped = { frame, bytes: wrapMessage(frame) };
    return this.wrapped.bytes;
  }

  private take(entry: ViewerSocket, frame: Uint8Array): void {
    if (!this.open.has(entry)) return;
    const decoded = decodeMessage(frame, 'viewer');
    if (!decoded.ok) return this.fail(entry, decoded.fault, decoded.text);
    const { message } = decoded;
    switch (message.type) {
      case 'subscribe': {
        const refused = this.parts.feed.subscribe(entry.viewer, message);
        if (refused !== null) this.fail(entry, refused.fault, refused.text);
        return;
      }
      case 'unsubscribe':
        return this.parts.feed.unsubscribe(entry.viewer, message.id);
      case 'ping':
        return entry.socket.send(encodeMessage({ type: 'pong', pingSentMs: message.sentMs, clockMs: Date.now() }));
      case 'pong':
        return;
    }
  }

  private fail(entry: ViewerSocket, fault: FaultName, text: string): void {
    const { socket } = entry;
    if (!this.open.delete(entry)) return;
    this.parts.feed.removeViewer(entry.viewer);
    this.parts.noteFault(fault, text);
    const { code, advice } = faultTable[fault];
    socket.send(encodeMessage({ type: 'fault', code, retryAfterMs: 0, text: `${text}. ${advice}` }));
    socket.close(closeCodeOf(fault), fault);
  }
}
