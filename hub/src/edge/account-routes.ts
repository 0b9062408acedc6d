/**
 * HTTP routes about people and keys: sign-in, passwords, API tokens, enrolment. No state of its own.
 */
import type { DeviceRoster } from '../core/device-roster.ts';
import type { Identity } from '../core/identity.ts';
import { sessionLifeMs } from '../core/identity.ts';
import { cookieName, HttpProblem, makeRoute, type Route, type RouteAnswer } from './http-router.ts';
import { shapes } from './http-shapes.ts';
import { hashToken, makeId, makeToken } from './secrets.ts';
import type { Principal, SignInDesk, SignInResult } from './sign-in-desk.ts';

export interface AccountParts {
  readonly desk: SignInDesk;
  readonly identity: Identity;
  readonly roster: DeviceRoster;
  readonly nowMs: () => number;
  /** Ends live links whose right to be there has just gone. */
  readonly rightsOnChange: () => void;
}

export function makeAccountRoutes(parts: AccountParts): Route[] {
  return [
    ...makeSessionRoutes(parts),
    ...makeTokenRoutes(parts),
    ...makeEnrolmentRoutes(parts),
    ...makeKeyRoutes(parts),
  ];
}

function makeSessionRoutes({ desk, identity, nowMs, rightsOnChange }: AccountParts): Route[] {
  const describe = (user: string) => ({ user, passwordSet: (identity.findUser(user)?.passwordHash ?? '') !== '' });
  return [
    makeRoute({
      method: 'POST',
      path: '/api/v1/session',
      access: 'public',
      summary: 'Sign in with a one-time link or a password; answers with a session cookie',
      body: shapes.signIn,
      answer: shapes.who,
      handle: async ({ body, address }) => {
        const result =
          'link' in body
            ? await desk.signInByLink(body.link, address, nowMs())
            : await desk.signInByPassword(body, address, nowMs());
        if (!result.ok) throw refuseSignIn(result, 'link' in body);
        return {
          status: 200,
          json: describe(result.user),
          cookie: makeCookie(result.sessionToken, sessionLifeMs / 1000),
        };
      },
    }),
    makeRoute({
      method: 'GET',
      path: '/api/v1/session',
      access: 'person',
      summary: 'Who is signed in',
      answer: shapes.who,
      handle: ({ principal }) => ({ status: 200, json: describe((principal as Principal & { kind: 'person' }).user) }),
    }),
    makeRoute({
      method: 'GET',
      path: '/api/v1/sign-in-ways',
      access: 'public',
      summary: 'Whether a password can be used yet, or only a sign-in link, and whether the caller is signed in',
      handle: ({ principal }) => ({
        status: 200,
        json: { link: true, password: identity.hasPasswords(), signedIn: principal?.kind === 'person' },
      }),
    }),
    makeRoute({
      method: 'DELETE',
      path: '/api/v1/session',
      access: 'person',
      summary: 'Sign out',
      handle: ({ principal }) => {
        identity.removeSession((principal as Principal & { kind: 'person' }).sessionHash);
        rightsOnChange();
        return { status: 204, cookie: makeCookie('', 0) };
      },
    }),
    makeRoute({
      method: 'POST',
      path: '/api/v1/account/password',
      access: 'person',
      summary: 'Set the password; other sessions of this user end',
      body: shapes.password,
      handle: async ({ principal, body }) => {
        await desk.setPassword(principal as Principal & { kind: 'person' }, body.password);
        rightsOnChange();
        return { status: 204 };
      },
    }),
  ];
}

function makeTokenRoutes({ identity, nowMs, rightsOnChange }: AccountParts): Route[] {
  return [
    makeRoute({
      method: 'GET',
      path: '/api/v1/tokens',
      access: 'person',
      summary: 'API tokens',
      answer: shapes.tokens,
      handle: () => ({
        status: 200,
        json: { tokens: identity.listApiTokens().map(({ id, label, createdMs }) => ({ id, label, createdMs })) },
      }),
    }),
    makeRoute({
      method: 'POST',
      path: '/api/v1/tokens',
      access: 'person',
      summary: 'Make an API token that may read',
      body: shapes.makeToken,
      answer: shapes.token,
      handle: async ({ body }) => {
        const token = makeToken();
        const id = makeId();
        await identity.addApiToken({ id, hash: hashToken(token), label: body.label, createdMs: nowMs() });
        return { status: 201, json: { id, token } };
      },
    }),
    makeRoute({
      method: 'DELETE',
      path: '/api/v1/tokens/:id',
      access: 'person',
      summary: 'Revoke an API token; its live connections end',
      handle: async ({ params }) => {
        const answer = answerRemoval(await identity.removeApiToken(params.id ?? ''));
        rightsOnChange();
        return answer;
      },
    }),
  ];
}

function makeEnrolmentRoutes({ identity, roster, nowMs, rightsOnChange }: AccountParts): Route[] {
  return [
    makeRoute({
      method: 'POST',
      path: '/api/v1/enroll',
      access: 'public',
      summary: 'A device gets its token, by the enrolment key',
      body: shapes.enrol,
      answer: shapes.enrolled,
      handle: async ({ body }) => {
        const key = identity.findEnrolmentKey(hashToken(body.key), nowMs());
        if (key === null) {
          throw new HttpProblem(401, 'bad-key', {
            message: 'The enrolment key is unknown, spent or expired',
            advice: 'Make one: npx lapwing enrolment-key.',
          });
        }
        const device = roster.enrol(body.deviceId, nowMs());
        if (identity.deviceTokenHash(device.key) !== null) {
          const advice = 'Use the token it was given, or revoke that first: DELETE /api/v1/devices/ID/token.';
          throw new HttpProblem(409, 'already-enrolled', { message: `${body.deviceId} has a token already`, advice });
        }
        const token = makeToken();
        // Both reach the store in this order and before the answer: a token that was shown is never forgotten.
        const spent = identity.spendEnrolmentKey(key);
        await Promise.all([spent, identity.setDeviceToken(device.key, hashToken(token), nowMs())]);
        return { status: 201, json: { deviceId: body.deviceId, token } };
      },
    }),
    makeRoute({
      method: 'DELETE',
      path: '/api/v1/devices/:id/token',
      access: 'person',
      summary: 'Revoke a device’s token: its link ends, and it may enrol again',
      handle: async ({ params }) => {
        const device = roster.devices.get(params.id ?? '');
        if (device === undefined) return answerRemoval(false);
        await identity.setDeviceToken(device.key, null, nowMs());
        device.session?.revoke();
        rightsOnChange();
        return { status: 204 };
      },
    }),
  ];
}

function makeKeyRoutes({ identity, nowMs }: AccountParts): Route[] {
  return [
    makeRoute({
      method: 'GET',
      path: '/api/v1/enrolment-keys',
      access: 'person',
      summary: 'Enrolment keys (never the keys themselves)',
      answer: shapes.keys,
      handle: () => {
        const keys = identity
          .listEnrolmentKeys()
          .map(({ hash, expiresMs, ...rest }) => ({ ...rest, expiresMs: Number.isNaN(expiresMs) ? null : expiresMs }));
        return { status: 200, json: { keys } };
      },
    }),
    makeRoute({
      method: 'POST',
      path: '/api/v1/enrolment-keys',
      access: 'person',
      summary: 'Make an enrolment key',
      body: shapes.makeKey,
      answer: shapes.key,
      handle: async ({ body }) => {
        const made = await makeEnrolmentKey(identity, { ...body, nowMs: nowMs() });
        return { status: 201, json: made };
      },
    }),
    makeRoute({
      method: 'DELETE',
      path: '/api/v1/enrolment-keys/:id',
      access: 'person',
      summary: 'Remove an enrolment key; devices keep their tokens',
      handle: async ({ params }) => answerRemoval(await identity.removeEnrolmentKey(params.id ?? '')),
    }),
  ];
}

export async function makeEnrolmentKey(
  identity: Identity,
  wanted: { label: string; uses?: number | undefined; expiresMs?: number | undefined; nowMs: number },
): Promise<{ id: string; key: string }> {
  const key = makeToken();
  const id = makeId();
  await identity.addEnrolmentKey({
    id,
    hash: hashToken(key),
    label: wanted.label,
    createdMs: wanted.nowMs,
    expiresMs: wanted.expiresMs ?? Number.NaN,
    usesLeft: wanted.uses ?? null,
  });
  return { id, key };
}

function answerRemoval(isRemoved: boolean): RouteAnswer {
  if (!isRemoved)
    throw new HttpProblem(404, 'not-found', { message: 'There is no such thing here', advice: 'List them first.' });
  return { status: 204 };
}

function refuseSignIn(result: SignInResult & { ok: false }, byLink: boolean): HttpProblem {
  if (result.waitMs > 0) {
    const message = `Too many failed sign-ins; wait ${Math.ceil(result.waitMs / 1000)} s`;
    return new HttpProblem(429, 'wait', { message, advice: 'On the hub’s machine: npx lapwing sign-in-link.' });
  }
  const message = byLink ? 'This sign-in link is used up, expired or wrong' : 'User and password do not match';
  return new HttpProblem(401, 'sign-in-failed', { message, advice: 'On the hub’s machine: npx lapwing sign-in-link.' });
}

function makeCookie(value: string, maxAgeS: number): string {
  return `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeS}`;
}
