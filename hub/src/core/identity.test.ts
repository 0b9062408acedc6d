import { expect, test } from 'vitest';
import { Identity, sessionLifeMs } from './identity.ts';
import type { StoreChange } from './ports.ts';

function makeIdentity(): { identity: Identity; changes: StoreChange[] } {
  const changes: StoreChange[] = [];
  const persist = (change: StoreChange): void => void changes.push(change);
  const stored = { deviceTokens: [], enrolmentKeys: [], users: [], sessions: [], apiTokens: [] };
  const commit = (change: StoreChange): Promise<void> => Promise.resolve(persist(change));
  return { identity: new Identity(stored, { persist, commit }), changes };
}

const key = (id: string, expiresMs: number) => ({
  id,
  hash: `hash-${id}`,
  label: id,
  createdMs: 0,
  expiresMs,
  usesLeft: null,
});

test('what has expired is removed, also from the store; what does not expire stays', async () => {
  const { identity, changes } = makeIdentity();
  await identity.addEnrolmentKey(key('ticket', 1_000));
  await identity.addEnrolmentKey(key('lasting', Number.NaN));
  identity.addSession('session', 'owner', 0);
  identity.removeExpired(999);
  expect(identity.listEnrolmentKeys()).toHaveLength(2);
  identity.removeExpired(1_000);
  expect(identity.listEnrolmentKeys().map(({ id }) => id)).toEqual(['lasting']);
  expect(changes.at(-1)).toEqual({ kind: 'enrolmentKeyGone', id: 'ticket' });
  identity.removeExpired(sessionLifeMs);
  expect(identity.findSession('session', 0)).toBeNull();
});

test('a key of one use admits one device, whoever asks at the same time', async () => {
  const { identity } = makeIdentity();
  await identity.addEnrolmentKey({ ...key('once', Number.NaN), usesLeft: 1 });
  const found = identity.findEnrolmentKey('hash-once', 0);
  expect(found).not.toBeNull();
  const spent = identity.spendEnrolmentKey(found!);
  expect(identity.findEnrolmentKey('hash-once', 0)).toBeNull();
  await spent;
});
