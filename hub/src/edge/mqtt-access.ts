/**
 * Who an MQTT client is and what it may do: credentials to an identity, and an identity's topics.
 *
 * Owns no state. Refuses by default. A device may publish under its own namespace and where what the dialects read is nobody else's
 * (core/topic-claims); it hears what the hub says to it or to all and what it said itself, never another device. API tokens and whoever
 * else may read hear everything and say nothing. The last word on which device a message is of is the foreign intake's.
 */
import { deviceIdPattern } from '@lapwing/protocol';
import type { DeviceRoster, DeviceState } from '../core/device-roster.ts';
import type { Identity } from '../core/identity.ts';
import type { TopicClaims } from '../core/topic-claims.ts';
import { matchesFilter } from '../core/topic-filter.ts';
import { areHashesEqual, hashLogin, hashToken } from './secrets.ts';

export const deviceTopics = 'lapwing/v1';

export type MqttIdentity =
  | { readonly kind: 'device'; readonly deviceId: string; readonly mark: PublisherMark }
  /** Without a credential, where that is allowed: what it says waits in the inbox. */
  | { readonly kind: 'anonymous'; readonly mark: PublisherMark }
  | { readonly kind: 'reader'; readonly tokenHash: string };

/** Goes with each message of a device, so that it is known later whose it was. */
export interface PublisherMark {
  readonly from: string;
}

export interface AccessParts {
  readonly identity: Identity;
  readonly roster: DeviceRoster;
  readonly allowsAnonymous: boolean;
  readonly dialectTopics: readonly string[];
  readonly claims: TopicClaims;
  readonly nowMs: () => number;
}

export interface MqttCredentials {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

const secretPattern = /^[A-Za-z0-9_-]{1,128}$/;

export class MqttAccess {
  private readonly parts: AccessParts;

  constructor(parts: AccessParts) {
    this.parts = parts;
  }

  /** Null: nobody known. */
  async identify(credentials: MqttCredentials): Promise<MqttIdentity | null> {
    const { clientId, username, password } = credentials;
    // ThingsBoard's way: the token is the user name, and there is no password.
    const secret = password === '' ? username : password;
    if (secret === '' && username === '') {
      return this.parts.allowsAnonymous ? { kind: 'anonymous', mark: { from: `?${clientId}` } } : null;
    }
    if (!secretPattern.test(secret)) return null;
    const hash = hashToken(secret);
    return this.findDevice(secret, hash, username) ?? this.findReader(hash) ?? this.enrol(credentials, secret, hash);
  }

  /** For the log: why nobody is known by these, and what to do. */
  explain({ username, clientId, password }: MqttCredentials): string {
    const secret = password === '' ? username : password;
    const { identity, nowMs } = this.parts;
    const isKey = secretPattern.test(secret) && identity.findEnrolmentKey(hashToken(secret), nowMs()) !== null;
    if (!isKey) return explainUnknown(username, password);
    const name = findName({ username, clientId, secret });
    return name === undefined
      ? 'the enrolment key is good, but the user name or client id that shall name the device is no device id (letters, digits and . _ : -)'
      : `user ${name}: this device has a secret of its own already; give it that one, or revoke it first (Edit on the device's page)`;
  }

  /** Whether an identity is still what it was: a link must not outlive its right. */
  isGood(identity: MqttIdentity): boolean {
    if (identity.kind === 'anonymous') return true;
    if (identity.kind === 'reader') return this.findReader(identity.tokenHash) !== null;
    const device = this.parts.roster.devices.get(identity.deviceId);
    return device !== undefined && this.parts.identity.deviceTokenHash(device.key) !== null;
  }

  /** '' or why not. A topic that was nobody's is this device's from now on. */
  refusePublish(identity: MqttIdentity, topic: string): string {
    if (identity.kind === 'reader')
      return 'an API token only reads, it may not publish; a device needs a credential of its own';
    if (topic.startsWith('$')) return 'topics that begin with $ are the broker’s own';
    if (topic.startsWith('lapwing/')) {
      const isOwn = identity.kind === 'device' && topic.startsWith(`${deviceTopics}/${identity.deviceId}/`);
      return isOwn ? '' : `under lapwing/ a device has ${deviceTopics}/<its own id>/ and nothing else`;
    }
    if (!this.parts.dialectTopics.some((filter) => matchesFilter(filter, topic))) return 'no dialect reads this topic';
    const { claims } = this.parts;
    return identity.kind === 'device' ? claims.claim(topic, identity.deviceId) : claims.refuseNobody(topic);
  }

  /** Wide filters are for readers; a device names at least where its topics begin, and nothing that is another's. */
  maySubscribe(identity: MqttIdentity, filter: string): boolean {
    if (filter.startsWith('$share/')) return false;
    if (identity.kind === 'reader') return true;
    if (filter.startsWith('$') || filter.startsWith('+') || filter.startsWith('#')) return false;
    if (!filter.startsWith('lapwing')) return this.isOwnOrFree(identity, filter);
    return identity.kind === 'device' && filter.startsWith(`${deviceTopics}/${identity.deviceId}/`);
  }

  /** `from` null: the hub's own word, which may be one device's to hear. */
  mayHear(identity: MqttIdentity, topic: string, from: string | null): boolean {
    if (identity.kind === 'reader') return true;
    return from === null ? this.isOwnOrFree(identity, topic) : from === identity.mark.from;
  }

  private isOwnOrFree(identity: MqttIdentity, topic: string): boolean {
    const owner = this.parts.claims.ownerOf(topic);
    return owner === null || (identity.kind === 'device' && owner === identity.deviceId);
  }

  private findDevice(secret: string, hash: string, username: string): MqttIdentity | null {
    const { identity, roster } = this.parts;
    const named = roster.devices.get(username);
    if (named !== undefined && this.isTokenOf(named, hash, secret)) return makeDevice(named.deviceId);
    const key = identity.findDeviceByToken(hash);
    const owner = key === null ? undefined : roster.deviceOf(key);
    return owner === undefined ? null : makeDevice(owner.deviceId);
  }

  private isTokenOf(device: DeviceState, hash: string, secret: string): boolean {
    const stored = this.parts.identity.deviceTokenHash(device.key);
    if (stored === null) return false;
    return areHashesEqual(stored, hash) || areHashesEqual(stored, hashLogin(device.deviceId, secret));
  }

  private findReader(hash: string): MqttIdentity | null {
    return this.parts.identity.findApiToken(hash) === null ? null : { kind: 'reader', tokenHash: hash };
  }

  /**
   * An enrolment key makes a device of whoever shows it first under a name. Boards keep the credentials that were typed in, so the
   * key goes on being this device's password, also when its uses are spent: its hash is bound to the device's name.
   */
  private async enrol(
    { username, clientId }: MqttCredentials,
    secret: string,
    hash: string,
  ): Promise<MqttIdentity | null> {
    const { identity, roster, nowMs } = this.parts;
    const key = identity.findEnrolmentKey(hash, nowMs());
    if (key === null) return null;
    const name = findName({ username, clientId, secret });
    if (name === undefined) return null;
    const device = roster.enrol(name, nowMs());
    if (identity.deviceTokenHash(device.key) !== null) return null;
    const spent = identity.spendEnrolmentKey(key);
    await Promise.all([spent, identity.setDeviceToken(device.key, hashLogin(name, secret), nowMs())]);
    return makeDevice(name);
  }
}

/** What a client that shows an enrolment key is called. */
function findName({
  username,
  clientId,
  secret,
}: Record<'username' | 'clientId' | 'secret', string>): string | undefined {
  return [username, clientId].find((text) => text !== secret && deviceIdPattern.test(text));
}

function makeDevice(deviceId: string): MqttIdentity {
  return { kind: 'device', deviceId, mark: { from: deviceId } };
}

/** Whose sessions and queues an identity has: credentials that share a client identifier keep apart by it. */
export function sessionOwner(identity: MqttIdentity): string {
  if (identity.kind === 'device') return identity.deviceId;
  return identity.kind === 'reader' ? `token:${identity.tokenHash.slice(0, 12)}` : '?';
}

/** For the log: what did not fit, and what to do. Where there is no password the user name may be a secret, and is not said. */
export function explainUnknown(username: string, password: string): string {
  const help = '`npx lapwing enrolment-key` makes one';
  if (password === '' && username === '')
    return `no credentials came, and --mqtt-anonymous is off; an enrolment key is a device's first password (${help})`;
  if (password === '')
    return 'a user name without a password counts as a device token, and this is none: add the password';
  const who = username.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
  return `user ${who}: the password is neither this device's token nor a valid enrolment key; ${help}`;
}
