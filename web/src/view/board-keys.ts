/** Keys of a page of charts: Space holds and lets go, Escape goes back to live. Owns its listener; refuses keys meant for a field or a button. */
import type { App } from './app-context.ts';
import { isForPage } from './page-keys.ts';
import type { TimeStage } from './time-stage.ts';

/** Returns the function that ends it. */
export function followBoardKeys(app: App, stage: TimeStage): () => void {
  const keyOnDown = (event: KeyboardEvent) => {
    if (!isForPage(event) || app.model.overlay.peek() !== null) return;
    if (event.key === ' ') {
      if (stage.isLive) stage.settle(stage.window);
      else stage.goLive();
    } else if (event.key === 'Escape') stage.goLive();
    else return;
    event.preventDefault();
  };
  document.addEventListener('keydown', keyOnDown);
  return () => document.removeEventListener('keydown', keyOnDown);
}
