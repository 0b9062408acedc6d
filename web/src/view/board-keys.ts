/** Keys of a device page: Space holds and lets go, Escape goes back to live. Owns its listener; refuses keys meant for a field or a button. */
import type { App } from './app-context.ts';
import type { DeviceBoard } from './device-board.ts';
import { isForPage } from './page-keys.ts';

/** Returns the function that ends it. */
export function followBoardKeys(app: App, board: DeviceBoard): () => void {
  const keyOnDown = (event: KeyboardEvent) => {
    if (!isForPage(event) || app.model.overlay.peek() !== null) return;
    if (event.key === ' ') {
      if (board.isLive) board.settle(board.window);
      else board.goLive();
    } else if (event.key === 'Escape') board.goLive();
    else return;
    event.preventDefault();
  };
  document.addEventListener('keydown', keyOnDown);
  return () => document.removeEventListener('keydown', keyOnDown);
}
