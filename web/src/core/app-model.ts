/**
 * The state that the whole page shares, as signals: who is signed in, where we are, how the link and the store are.
 *
 * Owns the signals, not the rules that change them (main.tsx wires those). Invariant: no signal here changes per reading; the
 * fastest, `latency` and `beat`, change at most twice a second, so that a component may render on any of them.
 */
import { type Signal, signal } from '@preact/signals-core';
import { fleetRoute, type Route } from './app-route.ts';
import { type FeedState, makeFeedState } from './feed-state.ts';
import type { FeedWay } from './feed-way.ts';
import type { LatencyFigures } from './latency-window.ts';
import { SparkBook } from './spark-book.ts';

export type Session =
  | { readonly state: 'unknown' }
  | { readonly state: 'signed-out'; readonly passwords: 'yes' | 'no' }
  | { readonly state: 'signed-in'; readonly user: string; readonly passwordSet: boolean };

/** `resting`: the tab is hidden and asked the hub for less. */
export type LinkState =
  | { readonly kind: 'connecting' }
  /** `way`: over a socket, or over Server-Sent Events where sockets are blocked. */
  | { readonly kind: 'live'; readonly way: FeedWay }
  | { readonly kind: 'resting' }
  | { readonly kind: 'waiting'; readonly lastDataMs: number; readonly retryAtMs: number; readonly attempt: number };

export interface StoreTrouble {
  readonly code: string;
  readonly message: string;
  readonly sinceMs: number;
}

export type Overlay = 'palette' | 'keys';

export type Theme = 'system' | 'light' | 'dark';

export interface AppModel {
  readonly route: Signal<Route>;
  readonly session: Signal<Session>;
  readonly link: Signal<LinkState>;
  /** Null while the store is well or nobody has heard of it. */
  readonly storeTrouble: Signal<StoreTrouble | null>;
  readonly latency: Signal<LatencyFigures | null>;
  /** Rises with each frame of the feed that was painted; the pulse's dot. */
  readonly beat: Signal<number>;
  /** Copy of feed.structureVersion, at most twice a second. */
  readonly structure: Signal<number>;
  readonly fleetLoad: Signal<'loading' | 'ready' | 'failed'>;
  /** Devices that wait in the inbox. */
  readonly waiting: Signal<number>;
  readonly theme: Signal<Theme>;
  /** What lies over the page. */
  readonly overlay: Signal<Overlay | null>;
  /** The theme now on screen, so that canvases repaint when the system's changes. */
  readonly isDark: Signal<boolean>;
  readonly feed: FeedState;
  readonly sparks: SparkBook;
}

export function makeAppModel(): AppModel {
  return {
    route: signal<Route>(fleetRoute),
    session: signal<Session>({ state: 'unknown' }),
    link: signal<LinkState>({ kind: 'connecting' }),
    storeTrouble: signal<StoreTrouble | null>(null),
    latency: signal<LatencyFigures | null>(null),
    beat: signal(0),
    structure: signal(0),
    fleetLoad: signal<'loading' | 'ready' | 'failed'>('loading'),
    waiting: signal(0),
    theme: signal<Theme>('system'),
    overlay: signal<Overlay | null>(null),
    isDark: signal(false),
    feed: makeFeedState(),
    sparks: new SparkBook(),
  };
}
