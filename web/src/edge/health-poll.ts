/** Asks the hub how its store is, and shows trouble in the model. Owns one timer. A hub that does not answer is the link's news, not this file's. */
import type { AppModel } from '../core/app-model.ts';
import type { HubClient } from './hub-client.ts';

const calmEveryMs = 10_000;
const troubledEveryMs = 2_000;

export class HealthPoll {
  private readonly hub: HubClient;
  private readonly model: AppModel;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(hub: HubClient, model: AppModel) {
    this.hub = hub;
    this.model = model;
  }

  /** Looks now, and from then on by itself. */
  async look(): Promise<void> {
    clearTimeout(this.timer);
    const { storeTrouble, session } = this.model;
    if (document.visibilityState === 'visible' && session.peek().state === 'signed-in') {
      try {
        const { store } = await this.hub.readHealth();
        const before = storeTrouble.peek();
        if (store.state === 'ok') storeTrouble.value = null;
        else if (before?.code !== store.code || before.sinceMs !== store.sinceMs) storeTrouble.value = store;
      } catch {
        storeTrouble.value = null; // No answer: the link's own banner says so.
      }
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), storeTrouble.peek() === null ? calmEveryMs : troubledEveryMs);
  }
}
