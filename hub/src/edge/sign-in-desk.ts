/**
 * Signing in and telling who calls: secrets in, principals out. The bridge between node:crypto's edge and core/identity.
 *
 * Owns no state but the throttle. What the hub answers, and how long it takes, does not tell whether a user exists.
 */
import { type Identity, ownerName } from '../core/identity.ts';
import type { DeviceKey } from '../core/ports.ts';
import type { Shares } from '../core/shares.ts';
import { SignInThrottle } from '../core/sign-in-throttle.ts';
import { areHashesEqual, hashPassword, hashToken, makeToken, verifyPassword } from './secrets.ts';
import { redeemSignInLink } from './sign-in-links.ts';

export type Principal =
  | { readonly kind: 'person'; readonly user: string; readonly sessionHash: string }
  | { readonly kind: 'token'; readonly tokenId: string }
  /** Whoever has a link that shows one board: may see what is in its scope, and nothing else. */
  | { readonly kind: 'share'; readonly shareId: string };

export type SignInResult =
  | { readonly ok: true; readonly sessionToken: string; readonly user: string }
  | { readonly ok: false; readonly waitMs: number };

export class SignInDesk {
  private readonly identity: Identity;
  private readonly shares: Shares;
  private readonly dataDirectory: string;
  private readonly throttle = new SignInThrottle();

  constructor(identity: Identity, shares: Shares, dataDirectory: string) {
    this.identity = identity;
    this.shares = shares;
    this.dataDirectory = dataDirectory;
  }

  identify({ bearer, cookie }: { bearer: string; cookie: string }, nowMs: number): Principal | null {
    if (bearer !== '') {
      const hash = hashToken(bearer);
      const token = this.identity.findApiToken(hash);
      if (token !== null) return { kind: 'token', tokenId: token.id };
      const share = this.shares.findByHash(hash, nowMs);
      return share === null ? null : { kind: 'share', shareId: share.id };
    }
    if (cookie === '') return null;
    const session = this.identity.findSession(hashToken(cookie), nowMs);
    return session === null ? null : { kind: 'person', user: session.user, sessionHash: session.hash };
  }

  /** Whether a live principal is still good: a viewer's socket must not outlive its session. */
  isGood(principal: Principal, nowMs: number): boolean {
    if (principal.kind === 'person') return this.identity.findSession(principal.sessionHash, nowMs) !== null;
    if (principal.kind === 'share') return this.shares.isGood(principal.shareId, nowMs);
    return this.identity.listApiTokens().some((token) => token.id === principal.tokenId);
  }

  /** Not throttled: nobody guesses 256 bits, and the owner at the hub's own machine must always get in. */
  async signInByLink(link: string, address: string, nowMs: number): Promise<SignInResult> {
    if (!(await redeemSignInLink(this.dataDirectory, link, nowMs))) return { ok: false, waitMs: 0 };
    if (this.identity.findUser(ownerName) === null) {
      await this.identity.saveUser({ name: ownerName, passwordHash: '', createdMs: nowMs });
    }
    return this.openSession(ownerName, address, nowMs);
  }

  async signInByPassword(
    given: { user: string; password: string },
    address: string,
    nowMs: number,
  ): Promise<SignInResult> {
    const waitMs = this.throttle.waitMs(address, nowMs);
    if (waitMs > 0) return { ok: false, waitMs };
    const user = this.identity.findUser(given.user);
    const isRight = await verifyPassword(given.password, user?.passwordHash ?? '');
    return isRight && user !== null ? this.openSession(user.name, address, nowMs) : this.refuse(address, nowMs);
  }

  /** Sets the password and ends the user's other sessions. */
  async setPassword(principal: Principal & { kind: 'person' }, password: string): Promise<void> {
    const user = this.identity.findUser(principal.user);
    if (user === null) throw new Error(`no user ${principal.user}`);
    await this.identity.saveUser({ ...user, passwordHash: await hashPassword(password) });
    this.identity.removeOtherSessions(user.name, principal.sessionHash);
  }

  verifyDeviceToken(device: DeviceKey, token: string): boolean {
    const stored = this.identity.deviceTokenHash(device);
    return stored !== null && areHashesEqual(stored, hashToken(token));
  }

  private openSession(user: string, address: string, nowMs: number): SignInResult {
    this.throttle.noteSuccess(address);
    const sessionToken = makeToken();
    this.identity.addSession(hashToken(sessionToken), user, nowMs);
    return { ok: true, sessionToken, user };
  }

  private refuse(address: string, nowMs: number): SignInResult {
    return { ok: false, waitMs: this.throttle.noteFailure(address, nowMs) };
  }
}
