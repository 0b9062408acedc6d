/**
 * Reads the list of devices by HTTP: what the feed does not tell (model, firmware), and all of it for the first picture.
 *
 * Owns what is being asked for. Invariant: the feed is the truth about presence and latest values; a list that took long never
 * overwrites something newer (core/feed-state.ts sees to it).
 */
import type { AppModel } from '../core/app-model.ts';
import { applyFacts } from '../core/feed-state.ts';
import type { HubClient } from './hub-client.ts';

const freshMs = 30_000;
/** Completeness, tags that others wrote, errors: the hub itself works completeness out no more often. */
const briefEveryMs = 60_000;
const firstBriefMs = 3_000;

export class FleetLoader {
  private readonly hub: HubClient;
  private readonly model: AppModel;
  private readonly asked = new Set<string>();
  private isLoading = false;
  private loadedAtMs = Number.NEGATIVE_INFINITY;
  private briefAtMs = Number.NEGATIVE_INFINITY;

  constructor(hub: HubClient, model: AppModel) {
    this.hub = hub;
    this.model = model;
  }

  /** Coming back to the table a moment later needs no new list: the feed tells what changed. */
  load(): void {
    const isFresh = performance.now() - this.loadedAtMs < freshMs && this.model.fleetLoad.peek() === 'ready';
    if (!this.isLoading && !isFresh) void this.loadAll();
  }

  private async loadAll(): Promise<void> {
    this.isLoading = true;
    const { feed, fleetLoad } = this.model;
    if (feed.devices.size === 0) fleetLoad.value = 'loading';
    try {
      const { devices } = await this.hub.readDevices();
      for (const facts of devices) applyFacts(feed, facts);
      this.model.structure.value = feed.structureVersion;
      fleetLoad.value = 'ready';
      this.loadedAtMs = performance.now();
      // The first list is asked for before the hub has worked out completeness: look again soon.
      if (this.briefAtMs === Number.NEGATIVE_INFINITY) this.briefAtMs = this.loadedAtMs - briefEveryMs + firstBriefMs;
    } catch {
      fleetLoad.value = 'failed'; // The page says so and offers another try; a new link tries by itself.
    }
    this.isLoading = false;
  }

  /** Call now and then while the fleet is in sight. */
  refresh(): void {
    if (this.model.fleetLoad.peek() !== 'ready' || performance.now() - this.briefAtMs < briefEveryMs) return;
    this.briefAtMs = performance.now();
    void this.refreshNow();
  }

  private async refreshNow(): Promise<void> {
    try {
      const { devices } = await this.hub.readBriefDevices();
      for (const facts of devices) applyFacts(this.model.feed, facts);
    } catch (error) {
      console.info(`Lapwing: the fleet could not be looked at again: ${String(error)}`);
    }
  }

  /** Devices that appeared in the feed since: few at a time, else the whole list. */
  describeNew(): void {
    const { undescribed } = this.model.feed;
    if (undescribed.size === 0 || this.isLoading || this.model.fleetLoad.peek() !== 'ready') return;
    const fresh = [...undescribed].filter((id) => !this.asked.has(id));
    for (const id of fresh) this.asked.add(id);
    if (fresh.length > 5) void this.loadAll();
    else for (const id of fresh) void this.describe(id);
  }

  async describe(id: string): Promise<void> {
    try {
      applyFacts(this.model.feed, await this.hub.readDevice(id));
    } catch (error) {
      console.info(`Lapwing: ${id} could not be described: ${String(error)}`);
    }
  }
}
