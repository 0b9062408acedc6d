/**
 * Who may do what: enrolment keys, device tokens, users, sessions of people, API tokens.
 *
 * Owns the hub's memory of all of these; the store keeps them. Sees secrets only as hashes that the edge made, so nothing
 * here can leak one. Refuses by default: what is not found is not allowed. Time is an argument.
 */
import type {
  DeviceKey,
  StoreChange,
  StoredApiToken,
  StoredEnrolmentKey,
  StoredIdentity,
  StoredSession,
  StoredUser,
} from './ports.ts';

export const sessionLifeMs = 30 * 24 * 3_600_000;
export const ownerName = 'owner';

/** Where changes go: `persist` when the store has time, `commit` durable before the promise resolves. */
export interface IdentityStore {
  persist(change: StoreChange): void;
  commit(change: StoreChange): Promise<void>;
}

export class Identity {
  private readonly deviceTokens = new Map<DeviceKey, string>();
  private readonly deviceByToken = new Map<string, DeviceKey>();
  private readonly enrolmentKeys = new Map<string, StoredEnrolmentKey>();
  private readonly users = new Map<string, StoredUser>();
  private readonly sessions = new Map<string, StoredSession>();
  private readonly apiTokens = new Map<string, StoredApiToken>();
  private readonly store: IdentityStore;

  constructor(stored: StoredIdentity, store: IdentityStore) {
    this.store = store;
    for (const { device, hash } of stored.deviceTokens) {
      this.deviceTokens.set(device, hash);
      this.deviceByToken.set(hash, device);
    }
    for (const key of stored.enrolmentKeys) this.enrolmentKeys.set(key.id, key);
    for (const user of stored.users) this.users.set(user.name, user);
    for (const session of stored.sessions) this.sessions.set(session.hash, session);
    for (const token of stored.apiTokens) this.apiTokens.set(token.id, token);
  }

  /** True on the very first start: nobody and nothing has been let in yet. */
  isEmpty(): boolean {
    return this.users.size === 0;
  }

  deviceTokenHash(device: DeviceKey): string | null {
    return this.deviceTokens.get(device) ?? null;
  }

  /** Whose token it is. A lookup by the hash of 256 random bits gives nothing away by its timing. */
  findDeviceByToken(hash: string): DeviceKey | null {
    return this.deviceByToken.get(hash) ?? null;
  }

  async setDeviceToken(device: DeviceKey, hash: string | null, nowMs: number): Promise<void> {
    const before = this.deviceTokens.get(device);
    if (before !== undefined) this.deviceByToken.delete(before);
    if (hash === null) this.deviceTokens.delete(device);
    else {
      this.deviceTokens.set(device, hash);
      this.deviceByToken.set(hash, device);
    }
    await this.store.commit({ kind: 'deviceToken', device, hash, atMs: nowMs });
  }

  listEnrolmentKeys(): StoredEnrolmentKey[] {
    return [...this.enrolmentKeys.values()];
  }

  async addEnrolmentKey(key: StoredEnrolmentKey): Promise<void> {
    this.enrolmentKeys.set(key.id, key);
    await this.store.commit({ kind: 'enrolmentKey', key });
  }

  async removeEnrolmentKey(id: string): Promise<boolean> {
    if (!this.enrolmentKeys.delete(id)) return false;
    await this.store.commit({ kind: 'enrolmentKeyGone', id });
    return true;
  }

  /** The key of that hash if it still admits a device. Keys are few, and hashes of 256 random bits: no timing to read. */
  findEnrolmentKey(hash: string, nowMs: number): StoredEnrolmentKey | null {
    for (const key of this.enrolmentKeys.values()) {
      if (key.hash !== hash) continue;
      const expired = nowMs >= key.expiresMs || key.usesLeft === 0;
      return expired ? null : key;
    }
    return null;
  }

  /** Counts one enrolment; a key without uses left is removed. */
  async spendEnrolmentKey(key: StoredEnrolmentKey): Promise<void> {
    if (key.usesLeft === null) return;
    if (key.usesLeft <= 1) await this.removeEnrolmentKey(key.id);
    else await this.addEnrolmentKey({ ...key, usesLeft: key.usesLeft - 1 });
  }

  findUser(name: string): StoredUser | null {
    return this.users.get(name) ?? null;
  }

  hasPasswords(): boolean {
    return [...this.users.values()].some((user) => user.passwordHash !== '');
  }

  async saveUser(user: StoredUser): Promise<void> {
    this.users.set(user.name, user);
    await this.store.commit({ kind: 'user', user });
  }

  findSession(hash: string, nowMs: number): StoredSession | null {
    const session = this.sessions.get(hash);
    return session !== undefined && nowMs < session.expiresMs ? session : null;
  }

  /** Sessions need not be durable to be good: with a full disk an operator must still be able to sign in and see why. */
  addSession(hash: string, user: string, nowMs: number): void {
    const session = { hash, user, createdMs: nowMs, expiresMs: nowMs + sessionLifeMs };
    this.sessions.set(hash, session);
    this.store.persist({ kind: 'session', session });
  }

  removeSession(hash: string): void {
    if (this.sessions.delete(hash)) this.store.persist({ kind: 'sessionGone', hash });
  }

  /** Ends every session of a user but one: after a new password, whoever had the old one is out. Returns their hashes. */
  removeOtherSessions(user: string, keepHash: string): string[] {
    const gone = [...this.sessions.values()].filter((session) => session.user === user && session.hash !== keepHash);
    for (const session of gone) this.removeSession(session.hash);
    return gone.map((session) => session.hash);
  }

  /** Sessions and enrolment keys whose time is over: each start of the hub leaves a key for this machine's agent behind. */
  removeExpired(nowMs: number): void {
    for (const session of this.sessions.values()) if (nowMs >= session.expiresMs) this.removeSession(session.hash);
    for (const { id, expiresMs } of this.enrolmentKeys.values()) {
      if (!(nowMs >= expiresMs)) continue;
      this.enrolmentKeys.delete(id);
      this.store.persist({ kind: 'enrolmentKeyGone', id });
    }
  }

  listApiTokens(): StoredApiToken[] {
    return [...this.apiTokens.values()];
  }

  findApiToken(hash: string): StoredApiToken | null {
    for (const token of this.apiTokens.values()) if (token.hash === hash) return token;
    return null;
  }

  async addApiToken(token: StoredApiToken): Promise<void> {
    this.apiTokens.set(token.id, token);
    await this.store.commit({ kind: 'apiToken', token });
  }

  async removeApiToken(id: string): Promise<boolean> {
    if (!this.apiTokens.delete(id)) return false;
    await this.store.commit({ kind: 'apiTokenGone', id });
    return true;
  }
}
