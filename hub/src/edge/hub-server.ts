/**
 * The hub's one port: HTTP requests to the router, upgrades to the device and viewer sockets.
 *
 * Owns the listening socket and its limits. Authentication and the Origin check happen before the 101: a link that should
 * not exist never does.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { DeviceClaim } from '../core/device-session.ts';
import type { DeviceSockets } from './device-ws.ts';
import { isOwnOrigin, readCredentials } from './http-router.ts';
import type { Principal } from './sign-in-desk.ts';
import type { ViewerSockets } from './viewer-ws.ts';

export interface ServerParts {
  readonly answer: (request: Request, bindings: object) => Response | Promise<Response>;
  readonly devices: DeviceSockets;
  readonly viewers: ViewerSockets;
  readonly identify: (credentials: { bearer: string; cookie: string }) => Principal | null;
  /** The device a Bearer token belongs to, or null. */
  readonly findDevice: (token: string) => DeviceClaim;
  /** Upgrades at /mqtt; who it is, MQTT's own CONNECT says. */
  readonly mqtt: { take(upgrade: Upgrade): void };
  readonly linksMax: number;
  /** A request came, and somebody waits for its answer. */
  readonly someoneWaits: () => void;
}

interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

const bodyMsMax = 30_000;
const importPath = '/api/v1/import';

export class HubServer {
  private readonly server: Server;
  private readonly parts: ServerParts;
  private isStopping = false;

  constructor(parts: ServerParts) {
    this.parts = parts;
    const answer = getRequestListener(parts.answer, { overrideGlobalObjects: false });
    // requestTimeout knows no exceptions, and a file being imported takes as long as it takes: `limitBody` stands for it.
    this.server = createServer(
      { headersTimeout: 10_000, requestTimeout: 0, keepAliveTimeout: 10_000, noDelay: true },
      (request, response) => {
        parts.someoneWaits();
        limitBody(request);
        return answer(request, response);
      },
    );
    this.server.maxConnections = parts.linksMax + 1_000;
    this.server.on('upgrade', (request, socket, head) => this.takeUpgrade({ request, socket, head }));
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen({ host, port, backlog: 4_096 }, () => {
        this.server.off('error', reject);
        resolve();
      });
    });
    return (this.server.address() as AddressInfo).port;
  }

  /** Takes no more connections and no more requests; what runs may end. */
  stop(): void {
    this.isStopping = true;
    this.server.close();
    this.server.closeIdleConnections();
  }

  terminate(): void {
    this.server.closeAllConnections();
  }

  private takeUpgrade(upgrade: Upgrade): void {
    this.parts.someoneWaits();
    upgrade.socket.on('error', destroyItself);
    const { request } = upgrade;
    const headers = { get: (name: string) => (request.headers[name] as string | undefined) ?? null };
    const path = (request.url ?? '').split('?', 1)[0];
    if (this.isStopping) return refuse(upgrade, 503, 'The hub is stopping; come back soon.');
    if (!isOwnOrigin(headers)) return refuse(upgrade, 403, 'The Origin of this page is not the hub’s own.');
    const offered = headers.get('sec-websocket-protocol') ?? '';
    if (path === '/mqtt') {
      if (/(^|[ ,])mqtt(v3\.1)?($|[ ,])/.test(offered)) return this.parts.mqtt.take(upgrade);
      return refuse(upgrade, 426, 'Offer the WebSocket subprotocol mqtt.');
    }
    if (!offered.split(',').some((name) => name.trim() === 'lapwing.v1')) {
      return refuse(upgrade, 426, 'Offer the WebSocket subprotocol lapwing.v1.');
    }
    if (path === '/device/v1')
      return this.takeDevice(upgrade, readCredentials(headers).bearer, headers.get('authorization') !== null);
    if (path === '/viewer/v1') return this.takeViewer(upgrade, readUpgradeCredentials(headers, offered));
    refuse(upgrade, 404, 'Devices connect to /device/v1 or /mqtt, viewers to /viewer/v1.');
  }

  private takeDevice(upgrade: Upgrade, bearer: string, hasAuthorization: boolean): void {
    const { devices, linksMax, findDevice } = this.parts;
    if (devices.count() >= linksMax) return refuse(upgrade, 503, `The hub is at its limit of ${linksMax} links.`);
    if (!hasAuthorization) return devices.accept(upgrade, null);
    const claim = bearer === '' ? null : findDevice(bearer);
    if (claim === null)
      return refuse(
        upgrade,
        401,
        'Authorization must be Bearer and a device’s own token; this one is none, or was revoked.',
      );
    devices.accept(upgrade, claim);
  }

  private takeViewer(upgrade: Upgrade, credentials: { bearer: string; cookie: string }): void {
    const principal = this.parts.identify(credentials);
    if (principal === null) return refuse(upgrade, 401, 'Sign in, or send an API token as Authorization: Bearer.');
    this.parts.viewers.accept(upgrade, principal);
  }
}

/** A page cannot send headers with an upgrade, but it can offer a subprotocol: that is how it brings the secret of a share link. */
function readUpgradeCredentials(
  headers: { get(name: string): string | null },
  offered: string,
): { bearer: string; cookie: string } {
  const secret = /(?:^|,)\s*lapwing\.share\.([A-Za-z0-9_-]{1,100})\s*(?:,|$)/.exec(offered)?.[1];
  return secret === undefined ? readCredentials(headers) : { bearer: secret, cookie: '' };
}

/** One function for all links: a closure in the place where the upgrade is judged would keep each one's request and headers. */
function destroyItself(this: Duplex): void {
  this.destroy();
}

/** A body comes within bodyMsMax, but for a file, whose route is impatient by itself. */
function limitBody(request: IncomingMessage): void {
  const hasBody = request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined;
  if (!hasBody || (request.url ?? '').startsWith(importPath)) return;
  const timer = setTimeout(() => {
    if (!request.complete) request.socket.destroy();
  }, bodyMsMax);
  request.once('close', () => clearTimeout(timer));
}

const statusText: Record<number, string> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  426: 'Upgrade Required',
  503: 'Service Unavailable',
};
const statusCode: Record<number, string> = {
  401: 'unauthorized',
  403: 'foreign-origin',
  404: 'not-found',
  426: 'subprotocol',
  503: 'unavailable',
};

function refuse({ socket }: Upgrade, status: number, message: string): void {
  const body = JSON.stringify({
    error: { code: statusCode[status], message, advice: 'See protocol/SPEC.md, A first device.' },
  });
  const head = [
    `HTTP/1.1 ${status} ${statusText[status]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
