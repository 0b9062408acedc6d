/**
 * Why a stretch of a chart is empty, in words: from the holes that devices declare (SPEC DL-7) and from the silence itself.
 *
 * Owns no state. Invariant: what nobody declared is never called lost; what a device declared lost is never called anything else.
 */
import { formatSpan } from './number-format.ts';

/** One hole as GET /api/v1/devices/:id/gaps tells it; times are 0 and readings 0 when the device did not know them. */
export interface DeclaredGap {
  readonly stream: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly reason: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly readings: number;
}

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

const causes: Record<string, string> = {
  overflow: 'the outbox was full',
  'acked-elsewhere': 'another hub has them',
  corrupt: 'the outbox could not be read',
  dropped: 'left out on purpose',
};

/** The declared holes that touch the stretch. Those of unknown time touch none. */
export function findDeclared(gaps: readonly DeclaredGap[], stretch: Stretch): DeclaredGap[] {
  return gaps.filter((gap) => gap.toMs > 0 && gap.fromMs <= stretch.toMs && gap.toMs >= stretch.fromMs);
}

/** One line: how long, and why as far as anybody knows. */
export function explainGap(gaps: readonly DeclaredGap[], stretch: Stretch): string {
  const span = formatSpan(stretch.toMs - stretch.fromMs);
  const declared = findDeclared(gaps, stretch);
  if (declared.length === 0) return `No readings for ${span}; none declared lost`;
  let readings = 0;
  let isCounted = true;
  for (const gap of declared) {
    readings += gap.readings;
    if (gap.readings === 0) isCounted = false;
  }
  const reasons = [...new Set(declared.map((gap) => causes[gap.reason] ?? gap.reason))].join(', ');
  const lost = isCounted ? `${readings} ${readings === 1 ? 'reading' : 'readings'} lost` : 'readings lost';
  return `No readings for ${span}; ${lost}: ${reasons}`;
}
