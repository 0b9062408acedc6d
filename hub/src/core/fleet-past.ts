/**
 * The fleet at instants of the past: what is asked of the store, and what it says. Types only, and part of the
 * store's port (ports.ts).
 */
import type { PresenceState } from '@lapwing/protocol';
import type { DeviceKey } from './store-keys.ts';

export interface FleetAtQuery {
  readonly devices: readonly {
    /** A DeviceKey. */
    readonly key: number;
    /** Since when it has had no link; NaN while it has one, or is asleep. */
    readonly offlineSinceMs: number;
    /** Since when it has slept, as it had said it would; NaN while it does not. */
    readonly asleepSinceMs: number;
    /** Usual time between its readings now, for where the past does not say; NaN for not known. */
    readonly intervalMs: number;
  }[];
  /** The first instant. */
  readonly fromMs: number;
  /** How many more there are behind it, `stepMs` apart; may be 0. */
  readonly steps: number;
  readonly stepMs: number;
  /** A value may be older than the newest by this much: then long blocks are answered by their rollups. 0: exact. */
  readonly roughMs: number;
  readonly nowMs: number;
}

/**
 * Rows in order of the instants: at instant 0 the newest reading of every metric that had one, at each later one the newest of those
 * metrics that had a newer one. Newest goes by sample time; of equal times by the order (stream, sequence, row).
 */
export interface FleetAtAnswer {
  readonly instants: readonly FleetAtInstant[];
  /** Index in the query's `devices`. */
  readonly devices: Uint16Array;
  readonly metrics: Uint16Array;
  readonly timesMs: Float64Array;
  /** NaN for text. */
  readonly values: Float64Array;
  readonly texts: ReadonlyMap<number, string>;
  /** Stored columns left out because they are damaged; absent for none. */
  readonly damaged?: number;
}
export interface FleetAtInstant {
  readonly atMs: number;
  /** Its rows end in front of this one. */
  readonly rowEnd: number;
  /** At instant 0 of every device, later of those where it changed. */
  readonly presence: readonly { readonly device: number; readonly state: PresenceState }[];
}

export interface FleetCompletenessQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly nowMs: number;
  /** Since when each device that is asleep now has been: nothing is expected of it meanwhile. */
  readonly asleep?: ReadonlyMap<DeviceKey, number>;
}
