/**
 * Who is signed in, as the hub says. Owns no state but the model's `session` signal, which only this file and the settings write.
 */
import type { AppModel } from '../core/app-model.ts';
import { fleetRoute, formatRoute } from '../core/app-route.ts';
import type { HubClient, SessionReply } from './hub-client.ts';
import { writeAddress } from './page-location.ts';

export interface SessionKeeperListener {
  keeperOnEnter(): void;
  keeperOnLeave(): void;
}

export class SessionKeeper {
  private readonly hub: HubClient;
  private readonly model: AppModel;
  private readonly listener: SessionKeeperListener;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(hub: HubClient, model: AppModel, listener: SessionKeeperListener) {
    this.hub = hub;
    this.model = model;
    this.listener = listener;
  }

  /** Asks the hub. A hub that does not answer ends no session: while it is away the page goes on showing what it has. */
  async check(): Promise<void> {
    clearTimeout(this.retryTimer);
    try {
      // Asked first because it never refuses: a stranger's first visit is no error.
      const ways = await this.hub.readSignInWays();
      if (ways.signedIn) this.accept(await this.hub.readSession());
      else this.signOut(ways.password);
    } catch {
      if (this.model.session.peek().state === 'unknown') this.retryTimer = setTimeout(() => void this.check(), 1500);
    }
  }

  /** Just signed in: on to the fleet, or to where the person wanted to go. */
  enter(reply: SessionReply): void {
    if (this.model.route.peek().page === 'sign-in') {
      writeAddress(formatRoute(fleetRoute), 'replace');
      this.model.route.value = fleetRoute;
    }
    this.accept(reply);
  }

  async leave(): Promise<void> {
    await this.hub.closeSession();
    await this.check();
  }

  private accept(reply: SessionReply): void {
    const before = this.model.session.peek();
    if (before.state === 'signed-in' && before.user === reply.user && before.passwordSet === reply.passwordSet) return;
    this.model.session.value = { state: 'signed-in', user: reply.user, passwordSet: reply.passwordSet };
    if (before.state !== 'signed-in') this.listener.keeperOnEnter();
  }

  private signOut(hasPasswords: boolean): void {
    this.listener.keeperOnLeave();
    this.model.session.value = { state: 'signed-out', passwords: hasPasswords ? 'yes' : 'no' };
  }
}
