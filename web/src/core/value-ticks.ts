/**
 * Where the labels of a value axis stand: at round numbers of the unit that people read, not of the one that was measured.
 *
 * Owns no state. Invariant: as many labels as the step asked for would give, or fewer.
 */
import { findShownUnit } from './display-style.ts';

export function splitValues(
  low: number,
  high: number,
  wanted: { readonly step: number; readonly unit: string },
): number[] {
  const { scale, offset } = findShownUnit(wanted.unit) ?? { scale: 1, offset: 0 };
  const step = scale === 1 ? wanted.step : roundUp(wanted.step * Math.abs(scale));
  const [from, to] = [low * scale + offset, high * scale + offset].sort((a, b) => a - b) as [number, number];
  const splits: number[] = [];
  // A hair of a step: what lies on the edge of the scale belongs to it.
  for (let n = Math.ceil(from / step - 1e-6); n * step <= to + step * 1e-6; n++)
    splits.push((n * step - offset) / scale);
  return splits;
}

function roundUp(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 2.5, 5].find((lead) => lead * power >= rough * (1 - 1e-9)) ?? 10) * power;
}
