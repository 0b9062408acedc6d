/**
 * What every component may ask of the page, handed down by main.tsx.
 *
 * Owns no state. Components get actions here instead of importing edges.
 */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { AppModel, Theme } from '../core/app-model.ts';
import type { Route } from '../core/app-route.ts';
import type { FeedObserver } from '../core/feed-state.ts';
import type { FleetKeeper } from '../core/fleet-keeper.ts';
import type { PageClock } from '../core/page-clock.ts';
import type { Preferences } from '../core/preferences.ts';
import type { RewindControl } from '../core/rewind-control.ts';
import type { HubClient, SessionReply } from '../edge/hub-client.ts';

export interface App {
  readonly model: AppModel;
  readonly hub: HubClient;
  /** Runs in every animation frame with the hub's time; returns the function that ends it. */
  addPainter(paint: (nowHubMs: number) => void): () => void;
  nowHubMs(): number;
  /** The page's now, which may be in the past: what charts, statuses and ages go by. */
  readonly clock: PageClock;
  readonly rewind: RewindControl;
  /** Where the page is going, if it is on its way, else where it is: what the next step is counted from. */
  routeAhead(): Route;
  navigate(route: Route, how?: 'push' | 'replace'): void;
  /** Tells of each batch, late stretch and snapshot; returns the function that ends it. */
  addObserver(observer: FeedObserver): () => void;
  /** Which devices the feed should bring; empty for the whole fleet, null for none. */
  watch(devices: readonly string[] | null): void;
  loadFleet(): void;
  /** Saved views, and the columns somebody chose. */
  readonly fleetKeeper: FleetKeeper;
  setTheme(theme: Theme): void;
  enter(session: SessionReply): void;
  leave(): void;
  /** From now on the feed is that of a share link, and of nobody signed in. */
  openShare(secret: string): void;
  /** Shows units, times and sizes as somebody has just chosen. */
  showAs(preferences: Preferences): void;
}

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error('a component outside of AppContext');
  return app;
}
