/**
 * "Pin to…": puts charts, values or tables on a board, from wherever they are seen.
 *
 * Owns the dialogue and what it says. Invariant: a pin is saved on the board as it is in the hub now; if somebody changed it in
 * between, it is read again and the pin goes on top of that.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { Route } from '../core/app-route.ts';
import {
  addTile,
  type BoardTile,
  makeBoardContent,
  nameTile,
  type PinDraft,
  tileSeriesMax,
  tilesMax,
} from '../core/board-content.ts';
import { findRange, timeRanges } from '../core/time-range.ts';
import { BoardClient, type HubDocument } from '../edge/board-client.ts';
import { HubRefusal } from '../edge/hub-client.ts';
import { useApp } from './app-context.ts';
import { BoardDialogue } from './board-dialogue.tsx';
import { drawId } from './board-ids.ts';
import { useDeviceNames } from './device-names.ts';

type PinState =
  | { readonly kind: 'loading' }
  | { readonly kind: 'choosing'; readonly boards: readonly HubDocument<'board'>[] }
  | { readonly kind: 'saving' }
  | { readonly kind: 'done'; readonly board: HubDocument<'board'> }
  | { readonly kind: 'failed'; readonly text: string };

export function PinDialogue({ drafts, isOpen }: { drafts: readonly PinDraft[]; isOpen: Signal<boolean> }) {
  const client = useMemo(() => new BoardClient(), []);
  const state = useSignal<PinState>({ kind: 'loading' });
  const title = useSignal('');
  const names = useDeviceNames();
  const rangeMs = readSpan(useApp().model.route.peek());
  const close = () => {
    isOpen.value = false;
  };
  const load = async () => {
    try {
      state.value = { kind: 'choosing', boards: await client.listDocuments('board') };
    } catch (error) {
      state.value = { kind: 'failed', text: explain(error) };
    }
  };
  useEffect(() => void load(), []);
  const pin = async (board: HubDocument<'board'> | null) => {
    state.value = { kind: 'saving' };
    try {
      state.value = {
        kind: 'done',
        board: await pinOn(client, board, { drafts, title: title.peek().trim(), rangeMs }),
      };
    } catch (error) {
      state.value = { kind: 'failed', text: explain(error) };
    }
  };
  return (
    <BoardDialogue name="Pin to a board" isOpen={isOpen}>
      <h2>Pin {drafts.length === 1 ? nameTile(drafts[0]!, names) : `${drafts.length} charts`}</h2>
      <PinBody state={state.value} title={title} pin={(board) => void pin(board)} again={() => void load()} />
      <p class="dialogue-end">
        <button type="button" class="button" onClick={close}>
          {state.value.kind === 'done' ? 'Done' : 'Cancel'}
        </button>
      </p>
    </BoardDialogue>
  );
}

function PinBody(props: {
  readonly state: PinState;
  readonly title: Signal<string>;
  readonly pin: (board: HubDocument<'board'> | null) => void;
  readonly again: () => void;
}) {
  const { state, title, pin, again } = props;
  switch (state.kind) {
    case 'loading':
    case 'saving':
      return <p role="status">{state.kind === 'loading' ? 'Reading the boards…' : 'Pinning…'}</p>;
    case 'failed':
      return (
        <p role="alert" class="form-error">
          {state.text}{' '}
          <button type="button" class="button" onClick={again}>
            Try again
          </button>
        </p>
      );
    case 'done':
      return (
        <p role="status">
          Pinned. <a href={`/board/${encodeURIComponent(state.board.id)}`}>Open “{state.board.title}”</a>
        </p>
      );
    case 'choosing':
      return (
        <>
          {state.boards.length > 0 && (
            <ul class="pin-boards">
              {state.boards.map((board) => (
                <li key={board.id}>
                  <button type="button" onClick={() => pin(board)}>
                    <span>{board.title}</span>
                    <span class="muted">
                      {board.content.tiles.length === 1 ? '1 tile' : `${board.content.tiles.length} tiles`}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
          )}
          <form
            class="inline-form"
            onSubmit={(event) => {
              event.preventDefault();
              pin(null);
            }}
          >
            <input
              aria-label="Name of a new board"
              placeholder="A new board"
              required
              maxLength={100}
              value={title.value}
              onInput={(event) => {
                title.value = event.currentTarget.value;
              }}
            />
            <button type="submit" class="button is-main">
              Make and pin
            </button>
          </form>
        </>
      );
  }
}

const triesMax = 4;

async function pinOn(
  client: BoardClient,
  board: HubDocument<'board'> | null,
  { drafts, title, rangeMs }: { drafts: readonly PinDraft[]; title: string; rangeMs: number | undefined },
): Promise<HubDocument<'board'>> {
  const add = (tiles: readonly BoardTile[]) =>
    drafts.reduce((list, draft) => {
      if (list.length >= tilesMax) throw new Error(`A board has at most ${tilesMax} tiles: choose another one.`);
      return addTile(list, { ...draft, id: drawId(), series: draft.series.slice(0, tileSeriesMax) });
    }, tiles);
  if (board === null) {
    const content = { ...makeBoardContent(rangeMs), tiles: add([]) };
    return client.saveDocument('board', drawId(), { title, shared: true, revision: 0, content });
  }
  let newest = board;
  for (let tries = 1; ; tries++) {
    const { content, title: named, shared, revision } = newest;
    try {
      const changed = { ...content, tiles: add(content.tiles) };
      return await client.saveDocument('board', newest.id, { title: named, shared, revision, content: changed });
    } catch (error) {
      if (!(error instanceof HubRefusal && error.code === 'conflict') || tries === triesMax) throw error;
      newest = await client.readDocument('board', newest.id);
    }
  }
}

/** What the page shows, so that a new board begins with that; undefined where it shows no stretch. */
function readSpan(route: Route): number | undefined {
  if (route.page !== 'device' && route.page !== 'explore') return undefined;
  const { window, range } = route;
  const spanMs = window === null ? findRange(range).spanMs : window.toMs - window.fromMs;
  return timeRanges.find((one) => one.spanMs >= spanMs)?.spanMs;
}

export function explain(error: unknown): string {
  if (error instanceof HubRefusal) return `${error.message}. ${error.advice}`;
  return error instanceof Error ? error.message : 'The hub could not be reached. Nothing was changed.';
}
