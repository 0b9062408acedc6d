/**
 * Bools as strips over the range of the charts: filled while on, a line while off, nothing while nobody knows. Owns the canvases.
 * What was last known and is no reading stands beside its strip, never in it.
 */
import { useEffect, useRef } from 'preact/hooks';
import { type HeldStretch, listHeld } from '../core/held-state.ts';
import { type KnownValues, lastKnownTitle } from '../core/last-known.ts';
import { noValue } from '../core/number-format.ts';
import type { DeviceBoard } from './device-board.ts';
import type { DeviceScene } from './device-scene.ts';
import { readToken } from './theme-tokens.ts';
import type { StageView } from './time-stage.ts';

const stripHeight = 18;

interface StripsProps {
  readonly metrics: readonly number[];
  readonly scene: DeviceScene;
  readonly board: DeviceBoard;
  readonly known: KnownValues;
}

export function StateStrips({ metrics, scene, board, known }: StripsProps) {
  return (
    <section class="card strips" aria-label="States">
      <h2>States</h2>
      {metrics.map((metric) => (
        <Strip key={metric} metric={metric} scene={scene} board={board} known={known.get(metric)} />
      ))}
    </section>
  );
}

interface StripProps {
  readonly metric: number;
  readonly scene: DeviceScene;
  readonly board: DeviceBoard;
  readonly known: number | string | undefined;
}

function Strip({ metric, scene, board, known }: StripProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const state = useRef<HTMLSpanElement>(null);
  const record = scene.device.metrics[metric]!;
  useEffect(() => {
    const paint = makeStripPainter(canvas.current!, { metric, scene, board });
    const endDrawer = board.stage.addDrawer(paint);
    const endWriter = board.stage.addWriter(() => {
      const isKnown = Number.isNaN(record.latestMs) && known !== undefined;
      const value = isKnown ? known : Number.isNaN(record.latestMs) ? null : record.latest;
      const text = value === null ? noValue : value === 0 ? 'off' : 'on';
      if (state.current === null) return;
      if (state.current.textContent !== text) state.current.textContent = text;
      state.current.classList.toggle('is-known', isKnown);
      state.current.title = isKnown ? lastKnownTitle : '';
    });
    return () => {
      endDrawer();
      endWriter();
    };
  }, [metric, board, known]);
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

function makeStripPainter(
  canvas: HTMLCanvasElement,
  { metric, scene, board }: Pick<StripProps, 'metric' | 'scene' | 'board'>,
): (view: StageView) => void {
  let drawn = '';
  const { device, completeness } = scene;
  const record = device.metrics[metric]!;
  return (view) => {
    const buffer = board.timeline.buffers[metric];
    const width = canvas.clientWidth;
    if (buffer === null || buffer === undefined || width === 0) return;
    const { presence, lastSeenMs } = device;
    const isHere = presence === 'online' || presence === 'late' || presence === 'asleep';
    const pixel = Math.floor((view.edgeMs / (view.edgeMs - view.fromMs)) * width);
    const key = `${buffer.bucketMs} ${Math.round(view.edgeMs - view.fromMs)} ${buffer.version} ${pixel} ${width} ${devicePixelRatio} ${readToken('--series-1')} ${isHere} ${record.latestMs} ${completeness.version}`;
    if (key === drawn) return;
    drawn = key;
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(stripHeight * devicePixelRatio);
    const held = listHeld(buffer, {
      fromMs: view.fromMs,
      edgeMs: view.edgeMs,
      latest: typeof record.latest === 'number' ? record.latest : Number.NaN,
      latestMs: record.latestMs,
      hereToMs: isHere ? view.edgeMs : lastSeenMs + board.stage.offsetMs,
      links: completeness.known.peek()?.found.links ?? [],
    });
    drawStrip(canvas.getContext('2d')!, held, view);
  };
}

function drawStrip(ink: CanvasRenderingContext2D, held: readonly HeldStretch[], view: StageView): void {
  const { width, height } = ink.canvas;
  const perMs = width / (view.edgeMs - view.fromMs);
  ink.clearRect(0, 0, width, height);
  for (const { fromMs, toMs, low, high } of held) {
    const x = Math.round((fromMs - view.fromMs) * perMs);
    const end = Math.min(width, Math.round((toMs - view.fromMs) * perMs));
    drawStretch(ink, { x, width: Math.max(1, end - x) }, { low, high });
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
