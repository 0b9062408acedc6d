/**
 * A board as whoever has its link sees it: the board, a clock, and nothing to press.
 *
 * Owns the board as it was read last. Invariants: nothing is asked for but with the link's secret; when the hub says the link has
 * ended, what was shown goes; when the board has changed, the feed comes back and the board is read again.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { applyFacts } from '../core/feed-state.ts';
import { BoardClient, type SharedBoard } from '../edge/board-client.ts';
import { HubRefusal } from '../edge/hub-client.ts';
import { type App, useApp } from './app-context.ts';
import { KioskFrame } from './board-kiosk.tsx';

type Load = { readonly kind: 'loading' | 'ended' | 'failed' } | { readonly kind: 'ready'; readonly board: SharedBoard };

export function SharePage({ secret }: { secret: string }) {
  const app = useApp();
  const client = useMemo(() => new BoardClient(secret), [secret]);
  const state = useSignal<Load>({ kind: 'loading' });
  const link = app.model.link.value.kind;
  useEffect(() => {
    app.openShare(secret);
    app.watch([]);
  }, [secret]);
  useEffect(() => {
    if (state.peek().kind !== 'ended') void read(app, client, state);
  }, [client, link]);
  const now = state.value;
  switch (now.kind) {
    case 'loading':
      return <main class="kiosk" aria-busy="true" />;
    case 'ended':
      return (
        <main class="notice">
          <h1>This link shows nothing any more</h1>
          <p>It has run out, was revoked, or its board is gone. Ask whoever gave it to you for another one.</p>
        </main>
      );
    case 'failed':
      return (
        <main class="notice">
          <h1>The hub did not answer</h1>
          <p>The page tries again by itself.</p>
        </main>
      );
    case 'ready':
      return <KioskFrame title={now.board.title} content={now.board.content} client={client} leave={null} />;
  }
}

const retryMs = 5_000;

async function read(app: App, client: BoardClient, state: { value: Load; peek(): Load }): Promise<void> {
  try {
    const board = await client.readSharedBoard();
    for (const device of board.devices) applyFacts(app.model.feed, device);
    app.model.structure.value = app.model.feed.structureVersion;
    const before = state.peek();
    if (before.kind !== 'ready' || before.board.revision !== board.revision) state.value = { kind: 'ready', board };
    document.title = `${board.title} · Lapwing`;
  } catch (error) {
    const isOver = error instanceof HubRefusal && (error.status === 401 || error.status === 404);
    if (isOver) state.value = { kind: 'ended' };
    else if (state.peek().kind !== 'ready') {
      state.value = { kind: 'failed' };
      setTimeout(() => void read(app, client, state), retryMs);
    }
  }
}
