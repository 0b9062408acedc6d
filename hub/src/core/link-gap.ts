/** When a device had no link: as it is kept, and as it is told. Types only, and part of the store's port (ports.ts). */

export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  /** It had said that it would sleep. */
  readonly isAsleep?: boolean;
}

/** In an answer they are in order, without overlap, and cut to its range. `hub-down`: nobody was there to know. */
export interface LinkGap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly state: 'offline' | 'asleep' | 'hub-down';
}
