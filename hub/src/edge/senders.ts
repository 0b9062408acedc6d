/**
 * Who sends readings over HTTP: the credential of a request, in every form that devices and agents know, and whose it is.
 *
 * Owns no state. A device's token speaks for that device alone; an enrolment key lets in devices that the hub does not know yet, each
 * takes one of its uses, and goes on being the secret of those that came under a name. API tokens and people read, they never send.
 */
import type { DeviceRoster } from '../core/device-roster.ts';
import type { Identity } from '../core/identity.ts';
import type { StoredEnrolmentKey } from '../core/ports.ts';
import { hashLogin, hashToken } from './secrets.ts';

export type Sender =
  | { readonly kind: 'device'; readonly deviceId: string }
  | { readonly kind: 'enrolment'; readonly key: StoredEnrolmentKey; readonly secret: string };

const tokenPattern = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * The secret of a request, '' for none: `Authorization: Bearer T`, `Token T` (InfluxDB 2), Basic with T as the password (InfluxDB 1),
 * or its parameter `p`. Where there are two, the header counts.
 */
export function readSenderToken(headers: { get(name: string): string | null }, url: URL): string {
  const [, scheme = '', value = ''] =
    /^(Bearer|Token|Basic) +(\S{1,400})$/i.exec(headers.get('authorization') ?? '') ?? [];
  const token = scheme.toLowerCase() === 'basic' ? readPassword(value) : value || (url.searchParams.get('p') ?? '');
  return tokenPattern.test(token) ? token : '';
}

function readPassword(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? '' : text.slice(colon + 1);
}

/** `device`: whose readings the request says they are, '' where it does not. */
export function findSender(
  { token, device: named }: { token: string; device: string },
  { identity, roster, nowMs }: { identity: Identity; roster: DeviceRoster; nowMs: number },
): Sender | null {
  if (!tokenPattern.test(token)) return null;
  const hash = hashToken(token);
  const device = identity.findDeviceByToken(hash);
  if (device !== null) {
    const state = roster.deviceOf(device);
    return state === undefined ? null : { kind: 'device', deviceId: state.deviceId };
  }
  const login = roster.devices.get(named);
  if (login !== undefined && identity.deviceTokenHash(login.key) === hashLogin(named, token)) {
    return { kind: 'device', deviceId: named };
  }
  const key = identity.findEnrolmentKey(hash, nowMs);
  return key === null ? null : { kind: 'enrolment', key, secret: token };
}
