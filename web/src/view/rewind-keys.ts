/**
 * The keys of the past: into it, through it, and back to live. Owns one listener, in front of the page's own.
 */
import type { App } from './app-context.ts';
import { isForPage } from './page-keys.ts';

const stepMs = 10_000;
const longStepMs = 60_000;

/** For the list of keys. */
export const rewindKeys: readonly (readonly [readonly string[], string])[] = [
  [['r'], 'rewind the whole page, and back to live'],
  [['Space'], 'while rewound: play, or stand still'],
  [[',', '.'], 'while rewound: ten seconds back or on (with Shift a minute)'],
  [['-', '+'], 'while rewound: play slower or faster'],
];

export function followRewindKeys(app: App): void {
  document.addEventListener(
    'keydown',
    (event) => {
      if (app.model.session.peek().state !== 'signed-in' || app.model.overlay.peek() !== null) return;
      if (!isForPage(event) || !takeKey(app, event.key)) return;
      event.preventDefault();
      // The charts have a use for Space and Escape, too.
      event.stopPropagation();
    },
    { capture: true },
  );
}

function takeKey({ rewind }: App, key: string): boolean {
  if (key === 'r') {
    if (rewind.isRewound) rewind.backToLive();
    else rewind.enter();
    return true;
  }
  if (!rewind.isRewound) return false;
  if (key === ' ') rewind.togglePlay();
  else if (key === 'Escape') rewind.backToLive();
  else if (key === ',') rewind.step(-stepMs);
  else if (key === '.') rewind.step(stepMs);
  else if (key === '<' || key === ';') rewind.step(-longStepMs);
  else if (key === '>' || key === ':') rewind.step(longStepMs);
  else if (key === '-') rewind.shiftSpeed(-1);
  else if (key === '+' || key === '=') rewind.shiftSpeed(1);
  else return false;
  return true;
}
