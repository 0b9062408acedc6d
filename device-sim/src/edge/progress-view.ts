/**
 * Shows a run's progress: one line rewritten in a terminal, a plain line now and then elsewhere, NDJSON for machines.
 *
 * Owns the terminal's last line. Invariant: with `json`, standard output carries JSON objects only; everything for people goes
 * to standard error. Refuses to compute: it is given the figures.
 */
import { styleText } from 'node:util';

export type ProgressMode = 'terminal' | 'lines' | 'json';

export interface ProgressFigures {
  readonly [name: string]: unknown;
}

export class ProgressView {
  readonly mode: ProgressMode;
  private readonly lineEveryS: number;
  private hasLine = false;
  private turns = 0;

  /** Elsewhere than in a terminal a line comes every `lineEveryS` seconds. */
  constructor(json: boolean, lineEveryS: number) {
    this.lineEveryS = lineEveryS;
    this.mode = json ? 'json' : process.stderr.isTTY ? 'terminal' : 'lines';
  }

  /** Once a second: the figures for machines, the same in words for people. */
  update(figures: ProgressFigures, words: string): void {
    this.turns += 1;
    if (this.mode === 'json') process.stdout.write(`${JSON.stringify(figures)}\n`);
    else if (this.mode === 'terminal') this.rewrite(words);
    else if (this.turns % this.lineEveryS === 1) process.stderr.write(`${words}\n`);
  }

  note(level: 'info' | 'warning' | 'error', text: string): void {
    const colour = level === 'error' ? 'red' : level === 'warning' ? 'yellow' : 'dim';
    this.clearLine();
    process.stderr.write(`${styleText(colour, `${level}:`, { stream: process.stderr })} ${text}\n`);
  }

  /** The last object or line. */
  finish(figures: ProgressFigures, words: string): void {
    this.clearLine();
    if (this.mode === 'json') process.stdout.write(`${JSON.stringify({ ...figures, final: true })}\n`);
    else process.stderr.write(`${this.mode === 'terminal' ? foldLine(words, readWidth()).join('\n') : words}\n`);
  }

  /** Before anything else is written to the terminal. */
  clearLine(): void {
    if (!this.hasLine) return;
    process.stderr.write('\r\x1b[K');
    this.hasLine = false;
  }

  private rewrite(words: string): void {
    // Written over, then the rest erased: a line that is erased first flickers.
    process.stderr.write(`\r${foldLine(words, readWidth())[0]}\x1b[K`);
    this.hasLine = true;
  }
}

/** Room for the cursor, and for the ^C that a terminal echoes behind the line. */
function readWidth(): number {
  return (process.stderr.columns || 80) - 3;
}

/** Lines of at most `width` characters, broken between the parts that " · " divides; a part that is longer itself is cut. */
export function foldLine(words: string, width: number): string[] {
  const lines: string[] = [];
  for (const part of words.split(' · ')) {
    const before = lines.at(-1);
    if (before !== undefined && before.length + 3 + part.length <= width)
      lines[lines.length - 1] = `${before} · ${part}`;
    else lines.push(part.slice(0, width));
  }
  return lines;
}

/** 9999, 12.3k, 4.56M: for a line that must stay short. */
export function formatCount(count: number): string {
  if (count < 10_000) return String(count);
  return count < 1e6 ? `${(count / 1e3).toPrecision(3)}k` : `${(count / 1e6).toPrecision(3)}M`;
}

/** Milliseconds for a person: "3.2 ms", "1.4 s", "–" when there is none. */
export function formatMs(ms: number): string {
  if (Number.isNaN(ms)) return '–';
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
