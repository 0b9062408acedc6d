/**
 * Values over time as pure functions: what a sensor shows at any instant of any past or future week, so that a history made now goes
 * on without a seam in what is measured next.
 *
 * Owns nothing. A day's wave, slow and quick wandering, and noise that is a hash of the time.
 */
import type { Random } from '../random.ts';

export type Signal = (nowMs: number) => number;

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Counters began to count then. */
const beginMs = Date.UTC(2025, 0, 1);

export interface SignalShape {
  readonly home: number;
  /** Half of the difference between afternoon and night. */
  readonly daily?: number;
  readonly wander?: number;
  readonly noise?: number;
  readonly digits?: number;
  readonly min?: number;
  readonly max?: number;
}

export function makeSignal(random: Random, shape: SignalShape): Signal {
  const {
    home,
    daily = 0,
    wander = 0,
    noise = 0,
    digits = 1,
    min = Number.NEGATIVE_INFINITY,
    max = Number.POSITIVE_INFINITY,
  } = shape;
  const waves = [7.3, 2.9, 0.61].map((hours) => ({
    ms: hours * hourMs * (0.8 + random() * 0.4),
    phase: random() * 7,
    share: 0.2 + random() * 0.4,
  }));
  const salt = Math.floor(random() * 2 ** 31);
  return (nowMs) => {
    // Warmest at three in the afternoon.
    let value = home + daily * Math.sin(((nowMs % dayMs) / dayMs - 0.375) * 2 * Math.PI);
    for (const { ms, phase, share } of waves) value += wander * share * Math.sin((nowMs / ms) * 2 * Math.PI + phase);
    value += noise * (hashOf(nowMs, salt) - 0.5) * 2;
    return Number(Math.min(max, Math.max(min, value)).toFixed(digits));
  };
}

/** On or off, by stretches of `periodMs`; on for `share` of them. */
export function makeSwitch(random: Random, periodMs: number, share: number): (nowMs: number) => boolean {
  const salt = Math.floor(random() * 2 ** 31);
  return (nowMs) => hashOf(Math.floor(nowMs / periodMs), salt) < share;
}

/** Rises at `perHour`, faster by day, never falling. */
export function makeCounter(random: Random, perHour: number, digits: number): Signal {
  const base = random() * perHour * 1_000;
  return (nowMs) => {
    const hours = (nowMs - beginMs) / hourMs;
    const wave = (24 / (2 * Math.PI)) * 0.6 * (1 - Math.cos((hours / 24) * 2 * Math.PI));
    return Number((base + perHour * (hours + wave)).toFixed(digits));
  };
}

function hashOf(value: number, salt: number): number {
  let word = Math.imul((value % 0x1_0000_0000) ^ salt ^ Math.floor(value / 0x1_0000_0000), 0x9e3779b1);
  word = Math.imul(word ^ (word >>> 15), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return ((word ^ (word >>> 16)) >>> 0) / 0x1_0000_0000;
}
