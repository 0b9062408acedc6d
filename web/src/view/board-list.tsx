/** All boards: a list to open, a way to make one, and for the first one what boards are good for. Owns the list. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import '../style/board.css';
import { makeBoardContent, nameTile } from '../core/board-content.ts';
import { BoardClient, type HubDocument } from '../edge/board-client.ts';
import { useApp } from './app-context.ts';
import { drawId } from './board-ids.ts';
import { explain } from './board-pin.tsx';
import { useDeviceNames } from './device-names.ts';

type Load =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly boards: readonly HubDocument<'board'>[] }
  | { readonly kind: 'failed'; readonly text: string };

export function BoardsPage() {
  const client = useMemo(() => new BoardClient(), []);
  const state = useSignal<Load>({ kind: 'loading' });
  const load = async () => {
    state.value = { kind: 'loading' };
    try {
      state.value = { kind: 'ready', boards: await client.listDocuments('board') };
    } catch (error) {
      state.value = { kind: 'failed', text: explain(error) };
    }
  };
  useEffect(() => void load(), []);
  const now = state.value;
  return (
    <div class="boards-page">
      <div class="boards-head">
        <h1>Boards</h1>
        {now.kind === 'ready' && now.boards.length > 0 && <NewBoard client={client} />}
      </div>
      {now.kind === 'loading' && (
        <div class="board-cards" aria-busy="true">
          {Array.from({ length: 3 }, (_, i) => (
            <div key={i} class="card board-card is-coming" />
          ))}
        </div>
      )}
      {now.kind === 'failed' && (
        <section class="notice" role="alert">
          <h2>The boards could not be read</h2>
          <p>{now.text} What is saved is not touched.</p>
          <button type="button" class="button" onClick={() => void load()}>
            Try again
          </button>
        </section>
      )}
      {now.kind === 'ready' && now.boards.length === 0 && <FirstBoard client={client} />}
      {now.kind === 'ready' && now.boards.length > 0 && (
        <ul class="board-cards">
          {now.boards.map((board) => (
            <BoardCard key={board.id} board={board} />
          ))}
        </ul>
      )}
    </div>
  );
}

function BoardCard({ board }: { board: HubDocument<'board'> }) {
  const { tiles } = board.content;
  const nameDevice = useDeviceNames();
  const names = tiles.slice(0, 4).map((tile) => nameTile(tile, nameDevice));
  return (
    <li class="card board-card">
      <a href={`/board/${encodeURIComponent(board.id)}`}>
        <BoardSketch board={board} />
        <h2>{board.title}</h2>
        <p class="muted">
          {tiles.length === 0 ? 'Nothing on it yet' : names.join(', ')}
          {tiles.length > names.length && ` and ${tiles.length - names.length} more`}
        </p>
      </a>
    </li>
  );
}

/** How its tiles lie, as a small picture: boards are told apart by their shape. */
function BoardSketch({ board }: { board: HubDocument<'board'> }) {
  const { tiles } = board.content;
  const rows = Math.max(6, ...tiles.map(({ y, h }) => y + h));
  return (
    <svg
      class="board-sketch"
      preserveAspectRatio="xMinYMid meet"
      viewBox={`0 0 120 ${Math.min(rows, 12) * 8}`}
      aria-hidden="true"
    >
      {tiles.map(({ id, x, y, w, h, kind }) => (
        <rect
          key={id}
          x={x * 10 + 1}
          y={y * 8 + 1}
          width={w * 10 - 2}
          height={h * 8 - 2}
          rx="1.5"
          class={`is-${kind}`}
        />
      ))}
    </svg>
  );
}

function NewBoard({ client }: { client: BoardClient }) {
  const { navigate } = useApp();
  const problem = useSignal('');
  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    const title = String(new FormData(event.currentTarget as HTMLFormElement).get('title')).trim();
    try {
      const draft = { title, shared: true, revision: 0, content: makeBoardContent() };
      const board = await client.saveDocument('board', drawId(), draft);
      navigate({ page: 'board', boardId: board.id, mode: 'usual' });
    } catch (error) {
      problem.value = explain(error);
    }
  };
  return (
    <form class="inline-form" onSubmit={(event) => void make(event)}>
      <input name="title" aria-label="Name of a new board" placeholder="A new board" required maxLength={100} />
      <button type="submit" class="button is-main">
        Make
      </button>
      {problem.value !== '' && (
        <p class="form-error" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

function FirstBoard({ client }: { client: BoardClient }) {
  return (
    <section class="notice boards-empty">
      <h2>What you look at every day, on one page</h2>
      <ol>
        <li>
          Find something worth watching: in <a href="/explore">Explore</a>, or on a device’s page.
        </li>
        <li>
          Choose <b>Pin to…</b> there, and give the board a name.
        </li>
        <li>Arrange it with the mouse or the arrow keys; put it on a wall screen, or share it by a link.</li>
      </ol>
      <p>Or begin with an empty one:</p>
      <NewBoard client={client} />
    </section>
  );
}
