/**
 * Viewer links over WebSocket. The other file that uses `ws`.
 *
 * Owns the viewers' sockets and who they belong to. A viewer whose rights end is cut at once, one that has said nothing for
 * two and a half heartbeats as well (SE-10).
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { closeCodeOf, decodeMessage, encodeMessage, type FaultName, faultTable, limits } from '@lapwing/protocol';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { LiveFeed, Viewer } from '../core/live-feed.ts';
import type { Principal } from './sign-in-desk.ts';

export interface ViewerParts {
  readonly feed: LiveFeed;
  readonly isGood: (principal: Principal) => boolean;
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

  constructor(parts: ViewerParts) {
    this.parts = parts;
  }

  count(): number {
    return this.open.size;
  }

  accept(upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer }, principal: Principal): void {
    this.server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (socket) => this.begin(socket, principal));
  }

  /** Someone lost a right: cut every viewer that no longer has one. */
  checkRights(): void {
    for (const entry of this.open)
      if (!this.parts.isGood(entry.principal)) this.fail(entry, 'revoked', 'the session ended');
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

  private begin(socket: WebSocket, principal: Principal): void {
    const link = { send: (frame: Uint8Array) => socket.send(frame), bufferedBytes: () => socket.bufferedAmount };
    const nowMs = Date.now();
    const viewer = this.parts.feed.addViewer(link);
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
