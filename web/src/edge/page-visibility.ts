/** A hidden tab asks the hub for less, and catches up when it is looked at again. Owns one timer and the page's listeners. */
import type { FeedSocket } from './feed-socket.ts';

/** Long enough that switching tabs for a moment costs nothing. */
const restAfterMs = 15_000;

export function followVisibility(socket: FeedSocket): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.visibilityState === 'hidden') timer = setTimeout(() => socket.rest(), restAfterMs);
    else socket.wake();
  });
  addEventListener('online', () => socket.hurry());
}
