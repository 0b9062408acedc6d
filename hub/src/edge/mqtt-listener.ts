/**
 * The broker's own ports: MQTT over TCP, and over TLS where there is a certificate.
 *
 * Owns the listening sockets. What comes in is the broker's; that a port cannot be had is said to whoever starts the hub.
 */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { PendingLinks } from '../core/pending-links.ts';
import { MqttSocket } from './mqtt-socket.ts';

export interface MqttListenOptions {
  readonly host: string;
  /** Null: none; 0: any free one. */
  readonly port: number | null;
  /** Nobody chose the port: where another broker has it, the hub goes on without. */
  readonly mayLackPort: boolean;
  readonly tls: { readonly port: number; readonly certFile: string; readonly keyFile: string } | null;
  /** Connections of one address that have not said who they are; those that still shake hands are counted by themselves. */
  readonly pendingPerAddressMax: number;
}

export interface MqttPorts {
  readonly port: number | null;
  readonly tlsPort: number | null;
  close(): void;
}

export async function listenMqtt(
  options: MqttListenOptions,
  accept: (socket: Socket, address: string) => void,
): Promise<MqttPorts> {
  const servers: Server[] = [];
  const open = async (server: Server, port: number) => {
    servers.push(server);
    await listen(server, options.host, port);
    return (server.address() as AddressInfo).port;
  };
  const take = (socket: Socket) => {
    socket.setNoDelay(true);
    accept(socket, socket.remoteAddress ?? '');
  };
  const openOwn = async (wanted: number) => {
    try {
      const takePlain = (socket: Socket) => take(MqttSocket.takeOver(socket));
      return await open(createServer({ noDelay: true, pauseOnConnect: true }, takePlain), wanted);
    } catch (error) {
      if (!options.mayLackPort || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      return null;
    }
  };
  const port = options.port === null ? null : await openOwn(options.port);
  let tlsPort: number | null = null;
  if (options.tls !== null) {
    const { certFile, keyFile } = options.tls;
    const secrets = { cert: readFileSync(certFile), key: readFileSync(keyFile), minVersion: 'TLSv1.2' } as const;
    const server = createTlsServer({ ...secrets, handshakeTimeout: 10_000 }, take);
    boundHandshakes(server, new PendingLinks(options.pendingPerAddressMax));
    // A peer that cannot shake hands is told by TLS itself.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    tlsPort = await open(server, options.tls.port);
  }
  return { port, tlsPort, close: () => servers.forEach((server) => void server.close()) };
}

/** A handshake costs more than a connection, and comes before the broker knows of it. */
function boundHandshakes(server: TlsServer, pending: PendingLinks): void {
  const leaving = new Map<string, () => void>();
  const placeOf = ({ remoteAddress = '', remotePort = 0 }: Socket) => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const leave = pending.enter(socket.remoteAddress ?? '');
    if (leave === null) {
      socket.destroy();
      return;
    }
    const place = placeOf(socket);
    leaving.set(place, leave);
    socket.once('close', () => {
      leave();
      if (leaving.get(place) === leave) leaving.delete(place);
    });
  });
  server.on('secureConnection', (socket) => leaving.get(placeOf(socket))?.());
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1_024 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
