/**
 * Who gets in: every route and both sockets, with every kind of credential, on a real hub in this process.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { makeLog } from '../../src/edge/log.ts';
import { type Hub, hubDefaults, startHub } from '../../src/hub.ts';

let hub: Hub;
let folder: string;
let cookie = '';
let apiToken = '';

const json = { 'content-type': 'application/json' };
const linkOf = (url: string) => url.split('#link=')[1]!;

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(hub.url + path, { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) });
}

async function signIn(): Promise<string> {
  const answer = await post('/api/v1/session', { link: linkOf(await hub.makeSignInLink()) });
  expect(answer.status).toBe(200);
  return answer.headers.get('set-cookie')!.split(';', 1)[0]!;
}

const asPerson = () => ({ cookie, origin: hub.url });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lapwing-access-'));
  hub = await startHub({ ...hubDefaults, dataDirectory: folder, port: 0, log: makeLog('silent') });
  cookie = await signIn();
  const made = await post('/api/v1/tokens', { label: 'reader' }, asPerson());
  apiToken = ((await made.json()) as { token: string }).token;
});

afterAll(async () => {
  await hub.stop();
  await rm(folder, { recursive: true });
});

describe('the first start', () => {
  test('lets its owner in by a link that works once', async () => {
    const link = linkOf(hub.firstStart!.signInLink);
    const first = await post('/api/v1/session', { link });
    expect(first.status).toBe(200);
    expect(first.headers.get('set-cookie')).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+$/);
    const second = await post('/api/v1/session', { link });
    expect(second.status).toBe(401);
    expect(await second.json()).toMatchObject({
      error: { code: 'sign-in-failed', advice: expect.stringContaining('sign-in-link') },
    });
  });

  test('of fifty people with one link, one gets in', async () => {
    const link = linkOf(await hub.makeSignInLink());
    const answers = await Promise.all(Array.from({ length: 50 }, () => post('/api/v1/session', { link })));
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1);
  });
});

describe('every route', () => {
  test('is closed to strangers unless it is public, and open to the right ones', async () => {
    const api = (await (await fetch(`${hub.url}/api/v1/openapi.json`)).json()) as {
      paths: Record<string, Record<string, { security: Record<string, unknown>[] }>>;
    };
    const routes = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => ({
        path: path.replace('{id}', 'nobody').replace('{kind}', 'view'),
        method,
        security,
      })),
    );
    expect(routes.length).toBeGreaterThan(15);
    const strangers: Record<string, string>[] = [
      {},
      { cookie: `lapwing_session=${'x'.repeat(43)}`, origin: hub.url },
      { authorization: `Bearer ${'x'.repeat(43)}` },
      { authorization: 'Basic b3duZXI6b3duZXI=' },
    ];
    for (const { path, method, security } of routes) {
      const call = (headers: Record<string, string>) =>
        fetch(hub.url + path, { method: method.toUpperCase(), headers });
      const isPublic = security.length === 0;
      for (const headers of strangers) {
        const { status } = await call(headers);
        if (isPublic) expect([`${method} ${path}`, status === 403]).toEqual([`${method} ${path}`, false]);
        else expect([`${method} ${path}`, status]).toEqual([`${method} ${path}`, 401]);
      }
      const byToken = await call({ authorization: `Bearer ${apiToken}` });
      const mayToken = isPublic || security.some((way) => 'token' in way);
      if (!mayToken) expect([path, byToken.status]).toEqual([path, 403]);
      else expect([path, [401, 403].includes(byToken.status)]).toEqual([path, isPublic && byToken.status === 401]);
    }
  });

  test('answers with the security headers, and nothing but /api/ and the page exists', async () => {
    for (const path of ['/', '/api/v1/health', '/api/v1/devices', '/..%2f..%2fetc/passwd', '/%00', '//etc/passwd']) {
      const answer = await fetch(hub.url + path);
      expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await answer.text()).not.toContain('root:');
    }
    expect((await fetch(`${hub.url}/api/v1/nothing`)).status).toBe(404);
  });

  test('an unsafe request with the cookie must come from our own page', async () => {
    for (const origin of ['http://evil.example', 'null', hub.url.replace('127.0.0.1', 'localhost')]) {
      expect((await post('/api/v1/tokens', { label: 'x' }, { cookie, origin })).status).toBe(403);
    }
    expect((await post('/api/v1/tokens', { label: 'x' }, { cookie })).status).toBe(403);
    expect((await post('/api/v1/tokens', { label: 'x' }, asPerson())).status).toBe(201);
  });

  test('bodies are JSON, bounded, and of the right shape', async () => {
    const form = await fetch(`${hub.url}/api/v1/session`, {
      method: 'POST',
      body: 'link=x',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.status).toBe(415);
    expect((await post('/api/v1/session', { link: 5 })).status).toBe(400);
    expect((await post('/api/v1/enroll', { key: 'x', deviceId: '../etc' })).status).toBe(400);
    const broken = await fetch(`${hub.url}/api/v1/session`, { method: 'POST', body: '{"link":', headers: json });
    expect(broken.status).toBe(400);
    expect((await post('/api/v1/session', { link: 'x'.repeat(70_000) })).status).toBe(413);
    expect(await postChunked('/api/v1/session', 100_000)).toBe(413);
  });
});

/** A body without Content-Length. */
function postChunked(path: string, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request(hub.url + path, { method: 'POST', headers: json }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    outgoing.on('error', reject);
    for (let sent = 0; sent < bytes; sent += 1_000) outgoing.write(' '.repeat(1_000));
    outgoing.end();
  });
}

/** Status of a refused upgrade, or 101. */
function upgrade(path: string, headers: Record<string, string>, protocols = ['lapwing.v1']): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(hub.url.replace('http', 'ws') + path, protocols, { headers });
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    socket.on('error', (error) => (/Unexpected server response/.test(error.message) ? undefined : reject(error)));
  });
}

describe('WebSocket upgrades', () => {
  test('viewers need a session or a token, and a browser must be on our own page', async () => {
    expect(await upgrade('/viewer/v1', {})).toBe(401);
    expect(await upgrade('/viewer/v1', { cookie: 'lapwing_session=nope' })).toBe(401);
    expect(await upgrade('/viewer/v1', { cookie, origin: hub.url })).toBe(101);
    expect(await upgrade('/viewer/v1', { authorization: `Bearer ${apiToken}` })).toBe(101);
    const foreign = [
      'http://evil.example',
      'null',
      '',
      'file://',
      `${hub.url}.evil.example`,
      hub.url.replace(/\d+$/, '1'),
    ];
    for (const origin of foreign)
      expect([origin, await upgrade('/viewer/v1', { cookie, origin })]).toEqual([origin, 403]);
  });

  test('devices: a wrong token is refused before the link exists; paths and subprotocol are checked', async () => {
    expect(await upgrade('/device/v1', { authorization: 'Bearer wrong' })).toBe(401);
    expect(await upgrade('/device/v1', { authorization: 'nonsense' })).toBe(401);
    expect(await upgrade('/device/v1', { origin: 'http://evil.example' })).toBe(403);
    expect(await upgrade('/device/v1', {})).toBe(101);
    expect(await upgrade('/device/v2', {})).toBe(404);
    expect(await upgrade('/device/v1', {}, ['other'])).toBe(426);
  });

  test('a viewer whose session ends is cut', async () => {
    const own = await signIn();
    const socket = new WebSocket(`${hub.url.replace('http', 'ws')}/viewer/v1`, ['lapwing.v1'], {
      headers: { cookie: own },
    });
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const out = await fetch(`${hub.url}/api/v1/session`, {
      method: 'DELETE',
      headers: { cookie: own, origin: hub.url },
    });
    expect(out.status).toBe(204);
    expect(await closed).toBe(4020);
  });
});

describe('devices', () => {
  test('enrol once with a key, and again after their token was revoked', async () => {
    const { key } = (await (await post('/api/v1/enrolment-keys', { label: 'two', uses: 2 }, asPerson())).json()) as {
      key: string;
    };
    expect((await post('/api/v1/enroll', { key: 'wrong', deviceId: 'pi' })).status).toBe(401);
    const first = await post('/api/v1/enroll', { key, deviceId: 'pi' });
    expect(first.status).toBe(201);
    const { token } = (await first.json()) as { token: string };
    expect((await post('/api/v1/enroll', { key, deviceId: 'pi' })).status).toBe(409);
    expect(await upgrade('/device/v1', { authorization: `Bearer ${token}` })).toBe(101);
    const revoked = await fetch(`${hub.url}/api/v1/devices/pi/token`, { method: 'DELETE', headers: asPerson() });
    expect(revoked.status).toBe(204);
    expect(await upgrade('/device/v1', { authorization: `Bearer ${token}` })).toBe(401);
    expect((await post('/api/v1/enroll', { key, deviceId: 'pi' })).status).toBe(201);
    expect((await post('/api/v1/enroll', { key, deviceId: 'other' })).status).toBe(401);
  });
});

describe('passwords', () => {
  test('sign in after one is set; setting it ends the other sessions; guessing is slowed', async () => {
    const [here, elsewhere] = [await signIn(), await signIn()];
    const who = (session: string) => fetch(`${hub.url}/api/v1/session`, { headers: { cookie: session } });
    expect(
      (await post('/api/v1/account/password', { password: 'short' }, { cookie: here, origin: hub.url })).status,
    ).toBe(400);
    expect(
      (await post('/api/v1/account/password', { password: 'correct horse' }, { cookie: here, origin: hub.url })).status,
    ).toBe(204);
    expect([(await who(here)).status, (await who(elsewhere)).status]).toEqual([200, 401]);
    expect((await post('/api/v1/session', { user: 'owner', password: 'correct horse' })).status).toBe(200);
    const guesses: number[] = [];
    for (let i = 0; i < 7; i++)
      guesses.push((await post('/api/v1/session', { user: i % 2 ? 'owner' : 'nobody', password: 'guess' })).status);
    expect(guesses.slice(0, 5)).toEqual([401, 401, 401, 401, 429]);
    expect(guesses.at(-1)).toBe(429);
  });
});
