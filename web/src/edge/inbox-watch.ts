/**
 * How many devices wait in the inbox, for the mark in the navigation. Owns one timer. Invariant: it asks only while the page is seen, and
 * a hub that does not answer changes nothing: the mark is a hint, the inbox itself says what is wrong.
 */
import type { Signal } from '@preact/signals-core';
import { InboxClient } from './inbox-client.ts';

const lookEveryMs = 30_000;

export function watchInbox(waiting: Signal<number>): () => void {
  const client = new InboxClient();
  const look = async (): Promise<void> => {
    if (document.visibilityState === 'hidden') return;
    try {
      waiting.value = (await client.listWaiting()).length;
    } catch (error) {
      console.info(`Lapwing: nobody could tell who waits in the inbox: ${String(error)}`);
    }
  };
  void look();
  const timer = setInterval(() => void look(), lookEveryMs);
  return () => clearInterval(timer);
}
