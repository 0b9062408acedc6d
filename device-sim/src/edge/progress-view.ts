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
  private shownLine = false;
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
    else process.stderr.write(`${words}\n`);
  }

  private rewrite(words: string): void {
    const width = process.stderr.columns ?? 80;
    process.stderr.write(`\r\x1b[K${words.slice(0, width - 1)}`);
    this.shownLine = true;
  }

  private clearLine(): void {
    if (!this.shownLine) return;
    process.stderr.write('\r\x1b[K');
    this.shownLine = false;
  }
}

/** Milliseconds for a person: "3.2 ms", "1.4 s", "–" when there is none. */
export function formatMs(ms: number): string {
  if (Number.isNaN(ms)) return '–';
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
