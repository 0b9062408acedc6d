/** Bools as strips over the range of the charts: filled while on, a line while off, nothing while nobody knows. Owns the canvases. */
import { useEffect, useRef } from 'preact/hooks';
import type { DeviceRecord } from '../core/feed-state.ts';
import type { SeriesBuffer } from '../core/series-buffer.ts';
import type { DeviceBoard } from './device-board.ts';
import { readToken } from './theme-tokens.ts';
import type { StageView } from './time-stage.ts';

const stripHeight = 18;

interface StripsProps {
  readonly metrics: readonly number[];
  readonly device: DeviceRecord;
  readonly board: DeviceBoard;
}

export function StateStrips({ metrics, device, board }: StripsProps) {
  return (
    <section class="card strips" aria-label="States">
      <h2>States</h2>
      {metrics.map((metric) => (
        <Strip key={metric} metric={metric} device={device} board={board} />
      ))}
    </section>
  );
}

function Strip({ metric, device, board }: { metric: number; device: DeviceRecord; board: DeviceBoard }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const state = useRef<HTMLSpanElement>(null);
  const record = device.metrics[metric]!;
  useEffect(() => {
    const paint = makeStripPainter(canvas.current!, board, metric);
    const endDrawer = board.stage.addDrawer(paint);
    const endWriter = board.stage.addWriter(() => {
      const text = Number.isNaN(record.latestMs) ? '–' : record.latest === 0 ? 'off' : 'on';
      if (state.current !== null && state.current.textContent !== text) state.current.textContent = text;
    });
    return () => {
      endDrawer();
      endWriter();
    };
  }, [metric, board]);
  return (
    <div class="strip">
      <span class="strip-name" title={record.name}>
        {record.name}
      </span>
      <canvas ref={canvas} height={stripHeight} />
      <span class="strip-state" ref={state} />
    </div>
  );
}

function makeStripPainter(canvas: HTMLCanvasElement, board: DeviceBoard, metric: number): (view: StageView) => void {
  let drawn = '';
  return (view) => {
    const buffer = board.timeline.buffers[metric];
    const width = canvas.clientWidth;
    if (buffer === null || buffer === undefined || width === 0) return;
    const pixel = Math.floor((view.edgeMs / (view.edgeMs - view.fromMs)) * width);
    const key = `${buffer.bucketMs} ${Math.round(view.edgeMs - view.fromMs)} ${buffer.version} ${pixel} ${width} ${devicePixelRatio} ${readToken('--series-1')}`;
    if (key === drawn) return;
    drawn = key;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(stripHeight * devicePixelRatio);
    drawStrip(canvas.getContext('2d')!, buffer, view);
  };
}

function drawStrip(ink: CanvasRenderingContext2D, buffer: SeriesBuffer, view: StageView): void {
  const { width, height } = ink.canvas;
  const perMs = width / (view.edgeMs - view.fromMs);
  const first = Math.floor(view.fromMs / buffer.bucketMs);
  const last = Math.min(buffer.endBucket, Math.floor(view.edgeMs / buffer.bucketMs));
  const gapBuckets = learnGapBuckets(buffer, first, last);
  ink.clearRect(0, 0, width, height);
  for (let bucket = Math.max(first, buffer.endBucket - buffer.size + 1); bucket <= last; bucket++) {
    const slot = buffer.slotOf(bucket);
    if (buffer.finite[slot] === 0) continue;
    let next = bucket + 1;
    while (next <= last && next - bucket < gapBuckets && buffer.finite[buffer.slotOf(next)] === 0) next++;
    const x = Math.round((bucket * buffer.bucketMs - view.fromMs) * perMs);
    const end = Math.round((next * buffer.bucketMs - view.fromMs) * perMs);
    drawStretch(ink, { x, width: Math.max(1, end - x) }, { low: buffer.min[slot]!, high: buffer.max[slot]! });
  }
}

function drawStretch(
  ink: CanvasRenderingContext2D,
  box: { x: number; width: number },
  state: { low: number; high: number },
): void {
  const { height } = ink.canvas;
  if (state.high === 0) {
    ink.fillStyle = readToken('--muted');
    ink.fillRect(box.x, height - Math.max(2, Math.round(height / 9)), box.width, Math.max(2, Math.round(height / 9)));
    return;
  }
  ink.fillStyle = readToken('--series-1');
  // Both states inside one bucket: half height, so that a flicker is not shown as steadily on.
  const top = state.low === 0 ? height / 2 : 0;
  ink.fillRect(box.x, top, box.width, height - top);
}

function learnGapBuckets(buffer: SeriesBuffer, first: number, last: number): number {
  const steps: number[] = [];
  let before = Number.NaN;
  for (let bucket = first; bucket <= last; bucket++) {
    if (buffer.finite[buffer.slotOf(bucket)] === 0) continue;
    if (!Number.isNaN(before)) steps.push(bucket - before);
    before = bucket;
  }
  steps.sort((a, b) => a - b);
  return Math.max(3, (steps[steps.length >> 1] ?? 1) * 3);
}
