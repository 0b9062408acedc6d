/**
 * A device's WebSocket to the hub, by the `ws` library.
 *
 * Owns one socket. Invariant: after `socketOnClosed`, or after `close`, it says nothing more. Refuses to retry.
 */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import type { SocketListener, SocketPort } from '../core/link-driver.ts';

export interface WsSocketOptions {
  /** ws:// or wss:// with path /device/v1. */
  readonly url: string;
  readonly token: string;
}

const subprotocol = 'lapwing.v1';
/** The hub's frames are small: documents of 16 KiB at most. */
const payloadBytesMax = 65_536;
const closeGraceMs = 1_000;

export function connectWs(options: WsSocketOptions, listener: SocketListener): SocketPort {
  const socket = new WebSocket(options.url, subprotocol, {
    headers: { authorization: `Bearer ${options.token}` },
    perMessageDeflate: false,
    maxPayload: payloadBytesMax,
    skipUTF8Validation: true,
    handshakeTimeout: 10_000,
    followRedirects: false,
  });
  let over = false;
  const endOnce = (closed: { code: number; httpStatus: number; retryAfterMs: number; text: string }): void => {
    if (over) return;
    over = true;
    listener.socketOnClosed(closed);
  };
  socket.on('open', () => {
    if (!over) listener.socketOnOpen();
  });
  socket.on('message', (data, isBinary) => {
    if (over || !isBinary) return;
    listener.socketOnFrame(data as Buffer);
  });
  let failure = '';
  socket.on('error', (error) => {
    // 'close' follows and ends it; an error alone says only why.
    // Several addresses tried in vain give an error without a message.
    failure = error.message || String((error as NodeJS.ErrnoException).code ?? '');
  });
  socket.on('unexpected-response', (_request, response: IncomingMessage) => {
    const status = response.statusCode ?? 0;
    const retryAfterMs = Number(response.headers['retry-after'] ?? 0) * 1000 || 0;
    response.resume();
    endOnce({ code: 1006, httpStatus: status, retryAfterMs, text: `HTTP ${status}` });
    socket.terminate();
  });
  socket.on('close', (code, reason) => {
    endOnce({ code, httpStatus: 0, retryAfterMs: 0, text: failure || reason.toString() });
  });
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame);
    },
    close: (code) => {
      over = true;
      closeSocket(socket, code);
    },
  };
}

function closeSocket(socket: WebSocket, code: number): void {
  if (socket.readyState === WebSocket.CONNECTING) {
    socket.terminate();
    return;
  }
  socket.close(code);
  // A hub that does not answer the close must not hold the socket (ws itself waits 30 s).
  const timer = setTimeout(() => socket.terminate(), closeGraceMs);
  timer.unref();
  socket.on('close', () => clearTimeout(timer));
}
