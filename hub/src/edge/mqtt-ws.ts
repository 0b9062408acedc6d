/**
 * MQTT over WebSocket, at /mqtt on the hub's own port: the upgrade with subprotocol `mqtt`, then a stream of bytes for the broker.
 *
 * Owns no state: the stream is the broker's. Refuses text frames by closing, as MQTT-6.0.0-1 wants it.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';

export class MqttSockets {
  private readonly server: WebSocketServer;
  private readonly accept: (stream: Duplex, address: string) => void;

  constructor(accept: (stream: Duplex, address: string) => void, packetBytesMax: number) {
    this.accept = accept;
    this.server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: packetBytesMax,
      perMessageDeflate: false,
      skipUTF8Validation: true,
      handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false),
    });
  }

  take(upgrade: { request: IncomingMessage; socket: Duplex; head: Buffer }): void {
    this.server.handleUpgrade(upgrade.request, upgrade.socket, upgrade.head, (socket) => {
      socket.on('message', (_data, isBinary) => {
        if (!isBinary) socket.close(1003, 'MQTT is binary');
      });
      const stream = createWebSocketStream(socket);
      // A packet is written in pieces; corked, they become one message.
      stream._writev = (chunks, done) =>
        stream._write(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), 'buffer' as BufferEncoding, done);
      this.accept(stream, upgrade.request.socket.remoteAddress ?? '');
    });
  }
}
