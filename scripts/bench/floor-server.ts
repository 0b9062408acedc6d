/**
 * The floor under every live benchmark: a `ws` server that receives and does nothing. Run as a process of its own; says over
 * IPC where it listens, and ends when its parent does.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false, skipUTF8Validation: true });
server.on('connection', (socket) => {
  socket.on('message', () => undefined);
});
http.listen(0, '127.0.0.1', () => {
  process.send?.({ type: 'ready', url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
});
process.on('disconnect', () => process.exit(0));
