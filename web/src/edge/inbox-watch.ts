/**
 * How many devices wait in the inbox, for the mark in the navigation. Owns one timer. Invariant: it asks only while the page is seen, and
 * a hub that does not answer changes nothing: the mark is a hint, the inbox itself says what is wrong. Refuses to load the inbox's client:
 * the first screen needs a number of it.
 */
import type { Signal } from '@preact/signals-core';

const lookEveryMs = 30_000;

export function watchInbox(waiting: Signal<number>): () => void {
  const look = async (): Promise<void> => {
    if (document.visibilityState === 'hidden') return;
    try {
      const answer = await fetch('/api/v1/inbox');
      const { devices } = (await answer.json()) as { devices?: readonly unknown[] };
      if (devices !== undefined) waiting.value = devices.length;
    } catch (error) {
      console.info(`Lapwing: nobody could tell who waits in the inbox: ${String(error)}`);
    }
  };
  void look();
  const timer = setInterval(() => void look(), lookEveryMs);
  return () => clearInterval(timer);
}
