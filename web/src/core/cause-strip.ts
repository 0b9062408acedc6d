/**
 * A stretch of time as a strip of segments: what of it came, and when the device had a link.
 *
 * Owns no state. Invariant: segments lie inside the stretch, in order, without overlap, and say nothing of what lies after `knownMs`.
 */
import type { CausedGap, LinkGap } from './gap-cause.ts';
import { explainGap, nameCause } from './gap-cause.ts';
import { formatSpan } from './number-format.ts';

export type SegmentKind = 'fine' | 'late' | 'lost' | 'missing' | 'away' | 'asleep' | 'unsure' | 'before';

export interface Segment {
  readonly kind: SegmentKind;
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
}

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

const readingKinds: Record<string, SegmentKind> = {
  backfilled: 'late',
  'hub-down': 'unsure',
  'device-offline': 'away',
  'device-restarted': 'away',
  'not-connected-yet': 'before',
  unknown: 'missing',
};

/** What is known of the stretch. */
interface Found {
  readonly gaps: readonly CausedGap[];
  readonly links?: readonly LinkGap[];
  readonly firstMs?: number | null;
}

/** `createdMs`: since when the hub knows the device; NaN while that is not known. */
export function listReadingSegments(
  { gaps, links = [], firstMs }: Found,
  stretch: Stretch,
  createdMs: number,
): Segment[] {
  const marked: Segment[] = gaps.map((gap) => ({
    kind: gap.cause.startsWith('skipped-') ? ('lost' as const) : (readingKinds[gap.cause] ?? 'missing'),
    fromMs: gap.fromMs,
    toMs: gap.toMs,
    text: explainGap([gap], gap),
  }));
  // Readings of before the device was known can have come later, in a file.
  const bornMs = Math.min(createdMs, firstMs ?? createdMs);
  if (bornMs > stretch.fromMs) marked.push({ ...before, fromMs: stretch.fromMs, toMs: bornMs });
  // While it is away nobody knows yet what will be missing; that nothing came is known.
  const open = links.find(({ state, toMs }) => state === 'offline' && toMs >= stretch.toMs);
  if (open !== undefined && !gaps.some(({ toMs }) => toMs > open.fromMs))
    marked.push({ kind: 'away', fromMs: open.fromMs, toMs: stretch.toMs, text: 'Nothing came: no connection' });
  return fillUp(marked, stretch, 'Everything expected came');
}

const before = { kind: 'before', text: 'The device was not known yet' } as const;

const linkKinds: Record<LinkGap['state'], SegmentKind> = { offline: 'away', asleep: 'asleep', 'hub-down': 'unsure' };
const linkWords: Record<LinkGap['state'], string> = {
  offline: 'No connection',
  asleep: 'Asleep, as it had said',
  'hub-down': 'Not known',
};

export function listLinkSegments({ links = [] }: Found, stretch: Stretch, createdMs: number): Segment[] {
  const marked: Segment[] = links.map(({ state, fromMs, toMs }) => {
    const why = state === 'hub-down' ? `: ${nameCause('hub-down')}` : '';
    return { kind: linkKinds[state], fromMs, toMs, text: `${linkWords[state]} for ${formatSpan(toMs - fromMs)}${why}` };
  });
  if (createdMs > stretch.fromMs) marked.push({ ...before, fromMs: stretch.fromMs, toMs: createdMs });
  return fillUp(marked, stretch, 'Connected');
}

/** In order, cut to the stretch and to each other (the earlier one stays), with what is fine between them. */
function fillUp(marked: readonly Segment[], { fromMs, toMs }: Stretch, fineText: string): Segment[] {
  const segments: Segment[] = [];
  let at = fromMs;
  const fill = (until: number) => {
    if (until > at) segments.push({ kind: 'fine', fromMs: at, toMs: until, text: fineText });
  };
  for (const one of marked.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const start = Math.max(one.fromMs, at);
    const end = Math.min(one.toMs, toMs);
    if (end <= start) continue;
    fill(start);
    segments.push({ ...one, fromMs: start, toMs: end });
    at = end;
  }
  fill(toMs);
  return segments;
}

/** Where a person wants to look who asks about a segment: it, with as much again around it. */
export function windowAround({ fromMs, toMs }: Stretch): Stretch {
  const air = Math.max(15_000, (toMs - fromMs) / 2);
  return { fromMs: Math.floor(fromMs - air), toMs: Math.ceil(toMs + air) };
}
