/**
 * A thin strip over the stretch shown: what of it came, or when the device had a link; each cause by colour and pattern. Pointing at it
 * or walking it with the arrow keys tells, a click or Enter zooms.
 *
 * Owns its canvas and the segment looked at.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import {
  listLinkSegments,
  listReadingSegments,
  type Segment,
  type SegmentKind,
  windowAround,
} from '../core/cause-strip.ts';
import { useApp } from './app-context.ts';
import { formatMoment } from './clock-text.ts';
import type { DeviceScene } from './device-scene.ts';
import { readToken } from './theme-tokens.ts';

const stripHeight = 10;

interface StripProps {
  readonly kind: 'readings' | 'link';
  readonly scene: DeviceScene;
}

export function CauseStrip({ kind, scene }: StripProps) {
  const { model } = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const looked = useSignal(-1);
  const known = scene.completeness.known.value;
  const isDark = model.isDark.value;
  const segments = useMemo(() => {
    if (known === null) return [];
    const { found } = known;
    const { createdMs } = scene.device;
    return kind === 'readings'
      ? listReadingSegments(found, known, createdMs)
      : listLinkSegments(found, known, createdMs);
  }, [known, kind]);
  useEffect(() => {
    looked.value = -1;
  }, [segments]);
  useEffect(() => {
    // The page may be left in the very frame that a size changes in: the reference is then gone, the canvas is not.
    const element = canvas.current!;
    const paint = () => drawStrip(element, segments);
    const sizes = new ResizeObserver(paint);
    sizes.observe(element);
    paint();
    return () => sizes.disconnect();
  }, [segments, isDark]);
  const forget = () => {
    looked.value = -1;
  };
  const { stage } = scene;
  const show = (segment: Segment | undefined) => {
    if (segment === undefined || !isGap(segment)) return;
    const { fromMs, toMs } = windowAround(segment);
    stage.settle({ fromMs: stage.toHubMs(fromMs), toMs: stage.toHubMs(toMs) });
  };
  const keyOnDown = (event: KeyboardEvent) => {
    const next = walk(segments, looked.peek(), event.key);
    if (event.key === 'Enter') show(segments[looked.peek()]);
    else if (event.key === 'Escape' && looked.peek() >= 0) looked.value = -1;
    else if (next === null) return;
    else looked.value = next;
    event.preventDefault();
  };
  const at = segments[looked.value];
  const sum = sumUp(segments, kind);
  return (
    <div class="cause-strip">
      <button
        type="button"
        aria-label={at === undefined ? sum : describe(at, stage.nowHubMs())}
        onMouseMove={(event) => {
          looked.value = findAt(segments, event.offsetX / canvas.current!.clientWidth);
        }}
        onMouseLeave={forget}
        onBlur={forget}
        onClick={(event) => {
          if (event.detail > 0) show(segments[findAt(segments, event.offsetX / canvas.current!.clientWidth)]);
        }}
        onKeyDown={keyOnDown}
      >
        <canvas ref={canvas} height={stripHeight} />
      </button>
      {at !== undefined && (
        <span class="cause-text" role="status">
          {describe(at, stage.nowHubMs())}
        </span>
      )}
    </div>
  );
}

/** What somebody may want to look at. */
function isGap({ kind }: Segment): boolean {
  return kind !== 'fine' && kind !== 'before';
}

function describe({ fromMs, toMs, text }: Segment, nowMs: number): string {
  return `${formatMoment(fromMs, nowMs)} – ${formatMoment(toMs, nowMs)}: ${text}`;
}

function sumUp(segments: readonly Segment[], kind: StripProps['kind']): string {
  const marked = segments.filter(isGap).length;
  const what = kind === 'readings' ? 'Completeness' : 'Connection';
  if (segments.length === 0) return `${what} of the stretch shown: not known`;
  return `${what} of the stretch shown: ${marked === 0 ? 'no gaps' : `${marked} ${marked === 1 ? 'gap' : 'gaps'}; arrow keys walk them`}`;
}

/** From gap to gap; null for a key that is none of the strip's. */
function walk(segments: readonly Segment[], at: number, key: string): number | null {
  const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : key === 'Home' || key === 'End' ? 0 : null;
  if (step === null) return null;
  const marked = segments.flatMap((segment, place) => (isGap(segment) ? [place] : []));
  if (marked.length === 0) return -1;
  if (key === 'Home') return marked[0]!;
  if (key === 'End') return marked.at(-1)!;
  const place = marked.indexOf(at);
  if (place < 0) return step > 0 ? marked[0]! : marked.at(-1)!;
  return marked[Math.min(marked.length - 1, Math.max(0, place + step))]!;
}

/** A gap of less than a few pixels can still be pointed at. */
function findAt(segments: readonly Segment[], share: number): number {
  const first = segments[0];
  const last = segments.at(-1);
  if (first === undefined || last === undefined) return -1;
  const spanMs = last.toMs - first.fromMs;
  const timeMs = first.fromMs + share * spanMs;
  const near = segments.findIndex(
    (one) => isGap(one) && timeMs >= one.fromMs - spanMs * 0.006 && timeMs <= one.toMs + spanMs * 0.006,
  );
  return near >= 0 ? near : segments.findIndex(({ fromMs, toMs }) => timeMs >= fromMs && timeMs <= toMs);
}

const looks: Record<
  SegmentKind,
  { readonly token: string; readonly pattern: 'line' | 'hatch' | 'dots' | 'edge' | 'foot' }
> = {
  fine: { token: '--ok', pattern: 'line' },
  late: { token: '--asleep', pattern: 'dots' },
  lost: { token: '--down', pattern: 'hatch' },
  missing: { token: '--late', pattern: 'hatch' },
  away: { token: '--down', pattern: 'edge' },
  asleep: { token: '--asleep', pattern: 'foot' },
  unsure: { token: '--edge', pattern: 'hatch' },
  before: { token: '--line', pattern: 'line' },
};

function drawStrip(canvas: HTMLCanvasElement, segments: readonly Segment[]): void {
  const dot = devicePixelRatio;
  const width = Math.round(canvas.clientWidth * dot);
  const height = Math.round(stripHeight * dot);
  if (width === 0) return;
  canvas.width = width;
  canvas.height = height;
  const ink = canvas.getContext('2d')!;
  const first = segments[0];
  const last = segments.at(-1);
  if (first === undefined || last === undefined) return;
  const perMs = width / (last.toMs - first.fromMs);
  // Gaps last, and never thinner than can be seen.
  for (const isMarked of [false, true]) {
    for (const segment of segments) {
      if (isGap(segment) !== isMarked) continue;
      const x = Math.round((segment.fromMs - first.fromMs) * perMs);
      const end = Math.round((segment.toMs - first.fromMs) * perMs);
      drawSegment(ink, {
        kind: segment.kind,
        x: Math.min(x, width - 3 * dot),
        width: Math.max(isMarked ? 3 * dot : 0, end - x),
      });
    }
  }
}

function drawSegment(ink: CanvasRenderingContext2D, box: { kind: SegmentKind; x: number; width: number }): void {
  const { token, pattern } = looks[box.kind];
  const { height } = ink.canvas;
  const dot = devicePixelRatio;
  ink.save();
  ink.beginPath();
  ink.rect(box.x, 0, box.width, height);
  ink.clip();
  ink.clearRect(box.x, 0, box.width, height);
  ink.fillStyle = readToken(token);
  ink.strokeStyle = readToken(token);
  ink.lineWidth = 1.5 * dot;
  // Thin where all is well: what is not catches the eye.
  if (pattern === 'line') ink.fillRect(box.x, height / 2 - 1.5 * dot, box.width, 3 * dot);
  else if (pattern === 'foot') ink.fillRect(box.x, height - 3 * dot, box.width, 3 * dot);
  else if (pattern === 'edge') ink.strokeRect(box.x + dot / 2, dot / 2, box.width - dot, height - dot);
  else if (pattern === 'dots') {
    for (let x = box.x; x < box.x + box.width; x += 5 * dot) ink.fillRect(x, height / 2 - 1.5 * dot, 3 * dot, 3 * dot);
  } else {
    ink.beginPath();
    for (let x = box.x - height; x < box.x + box.width; x += 5 * dot) {
      ink.moveTo(x, height);
      ink.lineTo(x + height, 0);
    }
    ink.stroke();
  }
  ink.restore();
}
