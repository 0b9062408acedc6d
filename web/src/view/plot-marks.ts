/**
 * What stands on a chart beside its lines: events as ticks at its upper edge, stretches that came late as a dotted line at its foot.
 * Owns no state.
 */
import type uPlot from 'uplot';
import { readToken } from './theme-tokens.ts';

/** Times are sample times, in order. */
export interface PlotMarks {
  /** Changes with any change of the marks. */
  readonly readVersion: () => number;
  readonly readEvents: () => readonly { readonly atMs: number; readonly level: string }[];
  readonly readLate: () => readonly { readonly fromMs: number; readonly toMs: number }[];
}

const levelTokens: Record<string, string> = { error: '--down', warning: '--late', info: '--series-1', debug: '--edge' };

export function drawMarks(u: uPlot, marks: PlotMarks): void {
  const { min: fromMs, max: toMs } = u.scales.x!;
  if (fromMs == null || toMs == null) return;
  const { left, top, width, height } = u.bbox;
  const perMs = width / (toMs - fromMs);
  const dot = devicePixelRatio;
  u.ctx.save();
  u.ctx.beginPath();
  u.ctx.rect(left, top, width, height);
  u.ctx.clip();
  u.ctx.fillStyle = readToken('--asleep');
  for (const late of marks.readLate()) {
    if (late.toMs < fromMs || late.fromMs > toMs) continue;
    const from = left + Math.max(0, late.fromMs - fromMs) * perMs;
    const to = left + Math.min(toMs - fromMs, late.toMs - fromMs) * perMs;
    for (let x = from; x < Math.max(to, from + dot); x += 5 * dot)
      u.ctx.fillRect(x, top + height - 3 * dot, 3 * dot, 3 * dot);
  }
  for (const { atMs, level } of marks.readEvents()) {
    if (atMs < fromMs || atMs > toMs) continue;
    const x = left + (atMs - fromMs) * perMs;
    u.ctx.fillStyle = readToken(levelTokens[level] ?? '--edge');
    u.ctx.globalAlpha = 0.4;
    u.ctx.fillRect(Math.round(x), top, dot, height);
    u.ctx.globalAlpha = 1;
    u.ctx.beginPath();
    u.ctx.moveTo(x - 4 * dot, top);
    u.ctx.lineTo(x + 5 * dot, top);
    u.ctx.lineTo(x + 0.5 * dot, top + 7 * dot);
    u.ctx.fill();
  }
  u.ctx.restore();
}
