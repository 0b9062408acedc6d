/** What is seen, as a file: its numbers as CSV, its charts as one picture. No state. */
import { type CsvLine, writeCsv } from '../core/explore-columns.ts';
import type { LineGroup } from '../core/explore-groups.ts';
import type { TimeWindow } from '../core/time-window.ts';
import { formatStretch } from './clock-text.ts';
import type { ExplorePlot } from './explore-plot.ts';
import { readToken } from './theme-tokens.ts';

export interface ShownChart {
  readonly group: LineGroup;
  readonly plot: ExplorePlot;
}

export function saveCsv(charts: readonly ShownChart[], { fromMs, toMs }: TimeWindow): void {
  const lines: CsvLine[] = charts.flatMap(({ plot }) => plot.listCsv());
  save(new Blob([writeCsv(lines, fromMs, toMs)], { type: 'text/csv' }), nameFile(fromMs, 'csv'));
}

const gap = 16;
const headHeight = 40;
const legendHeight = 22;

/** In the theme and at the resolution of the screen, with legends, which are no part of the canvases. */
export async function savePicture(charts: readonly ShownChart[], { fromMs, toMs }: TimeWindow): Promise<void> {
  const scale = devicePixelRatio;
  const canvases = charts.map(({ plot }) => plot.canvas);
  const width = Math.max(...canvases.map((canvas) => canvas.width)) / scale + 2 * gap;
  const tall = canvases.reduce((sum, canvas) => sum + canvas.height / scale + legendHeight + gap, headHeight + gap);
  const picture = document.createElement('canvas');
  picture.width = Math.round(width * scale);
  picture.height = Math.round(tall * scale);
  const ink = picture.getContext('2d')!;
  ink.scale(scale, scale);
  ink.fillStyle = readToken('--surface');
  ink.fillRect(0, 0, width, tall);
  ink.textBaseline = 'middle';
  ink.fillStyle = readToken('--text');
  ink.font = '600 14px system-ui, sans-serif';
  ink.fillText(formatStretch(fromMs, toMs), gap, headHeight / 2 + 4);
  let y = headHeight;
  charts.forEach(({ group }, i) => {
    const canvas = canvases[i]!;
    drawLegend(ink, group, { x: gap, y: y + legendHeight / 2 });
    y += legendHeight;
    ink.drawImage(canvas, gap, y, canvas.width / scale, canvas.height / scale);
    y += canvas.height / scale + gap;
  });
  const blob = await new Promise<Blob | null>((fulfil) => picture.toBlob(fulfil, 'image/png'));
  if (blob !== null) save(blob, nameFile(fromMs, 'png'));
}

function drawLegend(ink: CanvasRenderingContext2D, { lines }: LineGroup, at: { x: number; y: number }): void {
  ink.font = '12px system-ui, sans-serif';
  let { x } = at;
  for (const { label, colour, unit } of lines) {
    ink.fillStyle = readToken(`--series-${colour}`);
    ink.fillRect(x, at.y - 1.5, 14, 3);
    const text = unit === '' ? label : `${label} (${unit})`;
    ink.fillStyle = readToken('--text');
    ink.fillText(text, x + 19, at.y);
    x += 19 + ink.measureText(text).width + gap;
  }
}

function nameFile(fromMs: number, ending: string): string {
  return `lapwing-${new Date(fromMs).toISOString().slice(0, 16).replace(':', '-')}.${ending}`;
}

function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has taken it by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}
