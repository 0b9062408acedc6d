/**
 * A proxy as some people have on the way: HTTP passes, upgrades get 403. For tests of the way around. Owns its server and sockets.
 */
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class RefusingProxy {
  readonly url: string;
  /** Upgrades refused so far. */
  refused = 0;
  private readonly server: Server;

  static async open(target: string): Promise<RefusingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new RefusingProxy(server, new URL(target));
  }

  private constructor(server: Server, target: URL) {
    this.server = server;
    const { port } = server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    const rewrite = (headers: NodeJS.Dict<string | string[]>) => ({
      ...headers,
      host: target.host,
      ...(headers.origin === undefined ? {} : { origin: target.origin }),
    });
    server.on('request', (incoming, answer) => {
      const options = { method: incoming.method, headers: rewrite(incoming.headers) };
      const outgoing = request(new URL(incoming.url ?? '/', target), options, (response) => {
        answer.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(answer);
      });
      outgoing.on('error', () => answer.destroy());
      answer.on('close', () => outgoing.destroy());
      incoming.pipe(outgoing);
    });
    server.on('upgrade', (_incoming, socket) => {
      this.refused += 1;
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
    });
  }

  /** Every connection breaks; new ones are taken. */
  cut(): void {
    this.server.closeAllConnections();
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
