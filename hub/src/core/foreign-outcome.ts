/**
 * What became of a delivery, as it is put together while it is taken, and as its sender is told. Owns nothing.
 */
import type { DeviceState, StreamState } from './device-roster.ts';
import type { ForeignName } from './foreign-devices.ts';

interface TakenOutcome {
  readonly ok: true;
  readonly readings: number;
  /** The devices of this hub that they are of. */
  readonly devices: readonly string[];
  /** How many of those that it is about wait in the inbox. */
  readonly waiting: number;
  readonly faults: readonly string[];
  /** Why some of those that it is about were not heard. */
  readonly refused: readonly string[];
  /** It is stored, or being stored, since an earlier time. */
  readonly isRepeat?: true;
}

export type ForeignOutcome =
  | TakenOutcome
  | { readonly ok: false; readonly why: 'store-unavailable'; readonly text: string; readonly retryAfterMs: number }
  /** What came under this name before was something else. */
  | { readonly ok: false; readonly why: 'other-content'; readonly text: string };

export type ForeignDone = (outcome: ForeignOutcome) => void;

export const storedBefore: ForeignOutcome = {
  ok: true,
  readings: 0,
  devices: [],
  waiting: 0,
  faults: [],
  refused: [],
  isRepeat: true,
};
export const otherContent: ForeignOutcome = {
  ok: false,
  why: 'other-content',
  text: 'The key was used for another body already; nothing of this one is stored',
};

export interface Taken {
  readonly streams: StreamState[];
  readonly seqs: number[];
  readings: number;
  readonly devices: string[];
  waiting: number;
  readonly faults: string[];
  readonly refused: string[];
  isRefused: boolean;
}

export function nothingTaken(): Taken {
  return { streams: [], seqs: [], readings: 0, devices: [], waiting: 0, faults: [], refused: [], isRefused: false };
}

export function succeed({ readings, devices, waiting, faults, refused }: Taken): ForeignOutcome {
  return { ok: true, readings, devices, waiting, faults, refused };
}

/** For who asks, over HTTP; over MQTT the blocked are passed over without a word. `claimer`: who alone speaks for that name; null: it is blocked. */
export function explainRefused({ native }: ForeignName, claimer: DeviceState | null): string {
  const called = native.slice(0, 80);
  if (claimer === null) return `${called} is blocked here; somebody can unblock it in the inbox`;
  return `${called} came by the credential of ${claimer.deviceId} before, and only that one speaks for it`;
}
