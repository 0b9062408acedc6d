/** The axes of every chart: times as wide apart as their labels, values at round numbers of the unit shown. No state. */
import 'uplot/dist/uPlot.min.css';
import '../style/device-charts.css';
import type uPlot from 'uplot';
import { readZoneOffset } from '../core/display-style.ts';
import { formatTicks } from '../core/number-format.ts';
import { splitTime } from '../core/time-range.ts';
import { splitValues } from '../core/value-ticks.ts';
import { measureTimeLabel, timeSteps, writeTimeAxis } from './axis-text.ts';
import { readToken } from './theme-tokens.ts';

const font = '11px system-ui, sans-serif';

export function makeTimeAxis(): uPlot.Axis {
  return {
    stroke: () => readToken('--muted'),
    font,
    size: 22,
    gap: 5,
    incrs: [...timeSteps],
    splits: (...[, , min, max, stepMs]) => splitTime(min, max, { stepMs, zoneMs: readZoneOffset(min) }),
    // As wide as the widest label of the stretch, and air: they never touch, at any width.
    space: (...[, , min, max]) => measureTimeLabel(min, max) + 14,
    grid: { show: false },
    ticks: { show: false },
    values: (...[, splits, , , stepMs]) => writeTimeAxis(splits, stepMs),
  };
}

/** `hasScale` false: before the first reading there is nothing to label. */
export function makeValueAxis(unit: string, hasScale: () => boolean): uPlot.Axis {
  return {
    stroke: () => readToken('--muted'),
    font,
    size: (_u, labels) => Math.max(52, 16 + 6.4 * Math.max(0, ...(labels ?? []).map((label) => label.length))),
    gap: 6,
    space: 30,
    grid: { stroke: () => readToken('--grid'), width: 1 },
    ticks: { show: false },
    splits: (...[, , min, max, step]) => splitValues(min, max, { step, unit }),
    values: (_u, splits) => (hasScale() ? formatTicks(splits, unit) : splits.map(() => '')),
  };
}
