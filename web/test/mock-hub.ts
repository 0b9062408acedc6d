/**
 * A small stand-in for the hub: its HTTP API, viewer feed and security headers, over a made-up fleet in memory.
 *
 * Owns the server and the fleet. For developing the page and for its browser tests: the test decides when readings come, when
 * answers are held back, and what fails. It checks nothing that a real hub checks.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import { encodeAnswer } from './mock-columns.ts';
import { MockDocuments } from './mock-documents.ts';
import { MockFeed } from './mock-feed.ts';
import { type MockDevice, makeMockDevice, sampleMock } from './mock-fleet.ts';
import { answerHistory } from './mock-history.ts';
import { MockInbox } from './mock-inbox.ts';
import { answerFleetAt } from './mock-past.ts';
import { MockSecrets, readBody } from './mock-secrets.ts';
import { MockShares } from './mock-shares.ts';

const contentPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const dist = resolve(import.meta.dirname, '../dist');
const mediaTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};

export interface MockOptions {
  readonly devices: number;
  /** Seconds of history each device has before the start. */
  readonly pastS?: number;
  readonly isSignedIn?: boolean;
  readonly password?: string;
}

export class MockHub {
  readonly devices: MockDevice[] = [];
  readonly feed: MockFeed;
  readonly secrets = new MockSecrets();
  readonly documents = new MockDocuments();
  readonly shares = new MockShares();
  readonly inbox = new MockInbox();
  store = { state: 'ok', code: '', message: '', sinceMs: 0 };
  isSignedIn: boolean;
  password: string;
  link = 'first-link';
  /** Awaited before a history answer is worked out, and after, before it is sent. */
  holdBefore: () => Promise<void> = async () => undefined;
  holdAfter: () => Promise<void> = async () => undefined;
  failing = new Set<string>();
  /** Answered only when resolved: for looking at loading pages. */
  holdDevices: () => Promise<void> = async () => undefined;
  readonly requests: string[] = [];
  private readonly server: Server;

  constructor(options: MockOptions) {
    this.isSignedIn = options.isSignedIn ?? true;
    this.password = options.password ?? '';
    const nowMs = Date.now();
    for (let place = 0; place < options.devices; place++) this.devices.push(makePast(place, nowMs, options.pastS ?? 0));
    this.server = createServer((request, response) => void this.answer(request, response));
    this.feed = new MockFeed(this.server, this.devices, () => this.isSignedIn);
  }

  async listen(port = 0): Promise<string> {
    await new Promise<void>((fulfil) => this.server.listen(port, '127.0.0.1', fulfil));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.feed.close();
    this.server.closeAllConnections();
    await new Promise((fulfil) => this.server.close(fulfil));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://mock');
    response.setHeader('content-security-policy', contentPolicy);
    if (!url.pathname.startsWith('/api/')) {
      await this.answerFile(url.pathname, response);
      return;
    }
    this.requests.push(`${request.method} ${url.pathname}`);
    if (this.isSignedIn && url.pathname === '/api/v1/fleet/at') {
      const film = answerFleetAt(this.devices, url.searchParams);
      response.writeHead(200, { 'content-type': 'application/vnd.lapwing.columns' }).end(film);
      return;
    }
    const mayFollow = this.isSignedIn || this.shares.isAllowed(request);
    if (mayFollow && url.pathname === '/api/v1/feed') return this.feed.openStream(url, response);
    if (this.isSignedIn && url.pathname === '/api/v1/export') {
      const headers = { 'content-type': 'text/csv', 'content-disposition': 'attachment; filename="readings.csv"' };
      response.writeHead(200, headers).end('time,value\n');
      return;
    }
    const { status, json } = await this.answerApi(request, url);
    const columns = 'application/vnd.lapwing.columns';
    if (url.pathname === '/api/v1/history' && status === 200 && request.headers.accept?.includes(columns) === true) {
      response.writeHead(200, { 'content-type': columns }).end(encodeAnswer(json as object));
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(json === undefined ? '' : JSON.stringify(json));
  }

  private async answerFile(path: string, response: ServerResponse): Promise<void> {
    const file = extname(path) === '' ? '/index.html' : path;
    try {
      const bytes = await readFile(join(dist, file));
      response.writeHead(200, { 'content-type': mediaTypes[extname(file)] ?? 'application/octet-stream' });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }

  private async answerApi(request: IncomingMessage, url: URL): Promise<{ status: number; json?: unknown }> {
    const path = url.pathname.slice('/api/v1'.length);
    const parts = path.split('/').map(decodeURIComponent);
    if (this.failing.has(parts[1]!)) return refuse(500, 'failed', 'The mock was told to fail');
    if (path === '/clock' && (this.isSignedIn || this.shares.isAllowed(request)))
      return { status: 200, json: { clockMs: Date.now() } };
    if (path === '/health') return this.answerHealth();
    if (path === '/sign-in-ways')
      return { status: 200, json: { link: true, password: this.password !== '', signedIn: this.isSignedIn } };
    if (path === '/session' && request.method === 'POST') return this.answerSignIn(await readBody(request));
    if (path === '/shared-board') return this.answerShared(request);
    if (!this.isSignedIn && !(path === '/history' && this.shares.isAllowed(request)))
      return refuse(401, 'not-signed-in', 'Nobody is signed in');
    if (path === '/session') return this.answerSession(request.method);
    if (path === '/account/password') {
      this.password = String((await readBody(request)).password);
      return { status: 204 };
    }
    if (parts[1] === 'enrolment-keys' || parts[1] === 'tokens') return this.secrets.answer(request, parts);
    if (parts[1] === 'inbox' || parts[1] === 'bridges') return this.inbox.answer(request, parts);
    if (parts[1] === 'documents') return this.documents.answer(request, parts);
    if (parts[1] === 'shares') {
      return this.shares.answer(request, parts, (id) => this.documents.known.get(`board/${id}`)?.title ?? null);
    }
    if (path === '/devices') {
      await this.holdDevices();
      const isBrief = url.searchParams.get('metrics') === 'false';
      const devices = this.devices.map((device) => describe(device, isBrief));
      return { status: 200, json: { serverMs: Date.now(), devices } };
    }
    if (path === '/device-tags') return this.editTags(await readBody(request));
    if (path === '/readings') return this.answerTimes(url.searchParams);
    if (path === '/history') return this.answerHistory(url.searchParams);
    const device = this.devices.find((one) => one.id === parts[2]);
    if (device === undefined) return refuse(404, 'not-found', 'There is no such device');
    if (parts[3] === 'completeness') {
      const counts = { percent: 99.98, received: 60, late: 0, backfilled: 0, skipped: 0, missing: 0 };
      const firstMs = device.batches[0]?.times[0] ?? null;
      return { status: 200, json: { ...counts, gaps: device.gaps, links: device.links, firstMs } };
    }
    if (parts[3] === 'notes') {
      Object.assign(device, await readBody(request));
      return { status: 200, json: { label: device.label, tags: device.tags } };
    }
    if (parts[3] === 'token') return { status: 204 };
    if (parts[3] === 'events') return { status: 200, json: { events: [...device.events].reverse() } };
    return { status: 200, json: describe(device) };
  }

  private editTags(body: Record<string, unknown>): { status: number; json: unknown } {
    const { devices: ids, add, remove } = body as { devices: string[]; add: string[]; remove: string[] };
    const devices = this.devices.filter(({ id }) => ids.includes(id));
    for (const device of devices) {
      device.tags = [...new Set([...device.tags.filter((tag) => !remove.includes(tag)), ...add])].sort();
    }
    return { status: 200, json: { devices: devices.map(({ id, label, tags }) => ({ id, label, tags })) } };
  }

  private answerHealth(): { status: number; json: unknown } {
    const isWell = this.store.state === 'ok';
    const json = { status: isWell ? 'ok' : 'degraded', serverMs: Date.now(), version: '0.1.0', store: this.store };
    return { status: isWell ? 200 : 503, json };
  }

  private answerSession(method: string | undefined): { status: number; json?: unknown } {
    if (method === 'DELETE') {
      this.isSignedIn = false;
      return { status: 204 };
    }
    return { status: 200, json: { user: 'admin', passwordSet: this.password !== '' } };
  }

  private answerSignIn(body: Record<string, unknown>): { status: number; json?: unknown } {
    const byLink = body.link === this.link;
    if (byLink) this.link = '';
    if (!byLink && (this.password === '' || body.password !== this.password)) {
      return refuse(
        401,
        'sign-in-failed',
        'link' in body ? 'This sign-in link is used up' : 'User and password do not match',
      );
    }
    this.isSignedIn = true;
    return { status: 200, json: { user: 'admin', passwordSet: this.password !== '' } };
  }

  private answerTimes(query: URLSearchParams): { status: number; json?: unknown } {
    const device = this.devices.find((one) => one.id === query.get('device'));
    const inside = (timeMs: number) => timeMs >= Number(query.get('from')) && timeMs < Number(query.get('to'));
    return { status: 200, json: { timesMs: device?.batches.flatMap((batch) => batch.times.filter(inside)) ?? [] } };
  }

  private answerShared(request: IncomingMessage): { status: number; json: unknown } {
    const board = this.documents.known.get(`board/${this.shares.known[0]?.board}`);
    if (board === undefined || !this.shares.isAllowed(request))
      return refuse(401, 'unauthorized', 'Nobody is signed in');
    const devices = this.devices.map((device) => describe(device));
    return { status: 200, json: { ...board, expiresMs: Date.now() + 1e6, serverMs: Date.now(), devices } };
  }

  /** Of several devices: a series each, as the page asks for them. */
  private async answerSeries(query: URLSearchParams, wanted: string): Promise<{ status: number; json?: unknown }> {
    await this.holdBefore();
    const asked = {
      fromMs: Number(query.get('from')),
      toMs: Number(query.get('to')),
      buckets: Number(query.get('buckets')),
    };
    const through: unknown[] = [];
    const series = wanted.split(',').flatMap((name) => {
      const colon = name.lastIndexOf(':');
      const device = this.devices.find((one) => one.id === name.slice(0, colon))!;
      const one = answerHistory(device, { ...asked, metrics: [Number(name.slice(colon + 1))] }) as {
        through: unknown[];
        series: object[];
      };
      through.push(...one.through);
      return one.series.map((each) => ({ ...each, device: device.id }));
    });
    await this.holdAfter();
    const { fromMs, toMs, buckets } = asked;
    return { status: 200, json: { fromMs, toMs, bucketMs: (toMs - fromMs) / buckets, through, series } };
  }

  private async answerHistory(query: URLSearchParams): Promise<{ status: number; json?: unknown }> {
    const wanted = query.get('series');
    if (wanted !== null) return this.answerSeries(query, wanted);
    const device = this.devices.find((one) => one.id === query.get('device'));
    if (device === undefined) return refuse(404, 'not-found', 'There is no such device');
    await this.holdBefore();
    const json = answerHistory(device, {
      metrics: query.get('metrics')!.split(',').map(Number),
      fromMs: Number(query.get('from')),
      toMs: Number(query.get('to')),
      buckets: Number(query.get('buckets')),
    });
    await this.holdAfter();
    return { status: 200, json };
  }
}

function makePast(place: number, nowMs: number, pastS: number): MockDevice {
  const device = makeMockDevice(place, nowMs);
  const { lastSeenMs } = device;
  for (let s = pastS; s >= 0; s--) {
    const atMs = lastSeenMs - s * 1000;
    sampleMock(device, atMs + device.clockOffsetMs, atMs);
  }
  device.lastSeenMs = lastSeenMs;
  return device;
}

function describe(device: MockDevice, isBrief = false): object {
  return {
    id: device.id,
    model: device.model,
    firmware: device.firmware,
    address: '192.168.1.20',
    createdMs: device.createdMs,
    presence: device.presence,
    lastSeenMs: device.lastSeenMs,
    clockOffsetMs: device.clockOffsetMs,
    label: device.label,
    tags: device.tags,
    completeness: device.completeness,
    source: device.source,
    intervalMs: device.intervalMs,
    lastError: device.lastError,
    stream: device.stream,
    seq: device.seq,
    ...(isBrief ? {} : { ...device.kin, metrics: describeMetrics(device) }),
  };
}

function describeMetrics(device: MockDevice): object[] {
  const newest = device.batches.at(-1);
  return device.metrics.map((metric, index) => ({
    index,
    ...metric,
    latest: newest === undefined ? null : { timeMs: newest.times.at(-1), value: newest.values[index]!.at(-1) },
    lastKnown: device.lastKnown.get(index) ?? null,
  }));
}

function refuse(status: number, code: string, message: string): { status: number; json: unknown } {
  return { status, json: { error: { code, message, advice: 'Run npx lapwing sign-in-link.' } } };
}
