/**
 * One board: to look at, to arrange, to put on a wall screen, to share.
 *
 * Owns the board as the hub has it and as it is being arranged. Invariants: every change is saved under the revision it was made on;
 * if somebody else was faster, theirs is shown and the change is offered again, never lost and never forced.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import '../style/board.css';
import { addTile, type BoardContent, type BoardTile, tileSeriesMax, tilesMax } from '../core/board-content.ts';
import { type SeriesName, toggleSeries } from '../core/explore-state.ts';
import { timeRanges } from '../core/time-range.ts';
import { BoardClient, type HubDocument } from '../edge/board-client.ts';
import { HubRefusal } from '../edge/hub-client.ts';
import { useApp } from './app-context.ts';
import { BoardGrid } from './board-grid.tsx';
import { drawId } from './board-ids.ts';
import { BoardKiosk, enterKiosk } from './board-kiosk.tsx';
import { explain } from './board-pin.tsx';
import { useBoardStage, useBoardWatch } from './board-stage.ts';
import { SeriesPicker } from './explore-picker.tsx';
import { ShareButton } from './share-dialogue.tsx';

type Board = HubDocument<'board'>;
type Load =
  | { readonly kind: 'loading' | 'missing' }
  | { readonly kind: 'ready'; readonly board: Board }
  | { readonly kind: 'failed'; readonly text: string };
/** What came of saving. `mine`: the change that met somebody else's. */
type Saving =
  | { readonly kind: 'saved' }
  | { readonly kind: 'saving' }
  | { readonly kind: 'failed'; readonly text: string; readonly mine: Change }
  | { readonly kind: 'conflict'; readonly mine: Change };
interface Change {
  readonly title: string;
  readonly content: BoardContent;
}

export function BoardPage({ boardId, mode }: { boardId: string; mode: 'usual' | 'kiosk' }) {
  const client = useMemo(() => new BoardClient(), []);
  const state = useSignal<Load>({ kind: 'loading' });
  const load = async () => {
    try {
      state.value = { kind: 'ready', board: await client.readDocument('board', boardId) };
    } catch (error) {
      const isMissing = error instanceof HubRefusal && error.status === 404;
      state.value = isMissing ? { kind: 'missing' } : { kind: 'failed', text: explain(error) };
    }
  };
  useEffect(() => void load(), [boardId]);
  const now = state.value;
  switch (now.kind) {
    case 'loading':
      return <div class="board-page" aria-busy="true" />;
    case 'missing':
      return (
        <section class="notice">
          <h1>There is no such board</h1>
          <p>
            It was removed, or belongs to somebody else. <a href="/boards">See the boards there are</a>.
          </p>
        </section>
      );
    case 'failed':
      return (
        <section class="notice" role="alert">
          <h1>The board could not be read</h1>
          <p>{now.text}</p>
          <button type="button" class="button" onClick={() => void load()}>
            Try again
          </button>
        </section>
      );
    case 'ready':
      if (mode === 'kiosk') return <BoardKiosk title={now.board.title} content={now.board.content} client={client} />;
      return (
        <KnownBoard
          board={now.board}
          client={client}
          boardOnSaved={(board) => {
            state.value = { kind: 'ready', board };
          }}
        />
      );
  }
}

function KnownBoard(props: { board: Board; client: BoardClient; boardOnSaved: (board: Board) => void }) {
  const { board, client, boardOnSaved } = props;
  const isEditing = useSignal(board.content.tiles.length === 0);
  const saving = useSignal<Saving>({ kind: 'saved' });
  /** As arranged, until the hub has it. */
  const draft = useSignal<Change | null>(null);
  const { title, content } = draft.value ?? board;
  const stage = useBoardStage(content.rangeMs);
  useBoardWatch(content.tiles);
  const save = async (change: Change, revision: number) => {
    draft.value = change;
    saving.value = { kind: 'saving' };
    try {
      const saved = await client.saveDocument('board', board.id, { ...change, shared: board.shared, revision });
      boardOnSaved(saved);
      saving.value = { kind: 'saved' };
      if (draft.peek() === change) draft.value = null;
    } catch (error) {
      const isConflict = error instanceof HubRefusal && error.code === 'conflict';
      saving.value = isConflict
        ? { kind: 'conflict', mine: change }
        : { kind: 'failed', text: explain(error), mine: change };
      if (isConflict) await client.readDocument('board', board.id).then(boardOnSaved, () => undefined);
    }
  };
  const change = (next: Partial<Change>) => void save({ title, content, ...next }, board.revision);
  const changeTiles = (tiles: readonly BoardTile[]) => change({ content: { ...content, tiles } });
  const isBusy = saving.value.kind === 'saving';
  return (
    <div class="board-page">
      <BoardBar board={board} title={title} content={content} isEditing={isEditing} change={change} client={client} />
      <SavingNote
        saving={saving.value}
        retry={(mine) => void save(mine, board.revision)}
        drop={() => {
          draft.value = null;
          saving.value = { kind: 'saved' };
        }}
      />
      {isEditing.value && <AddTile tiles={content.tiles} add={changeTiles} />}
      {content.tiles.length === 0 && !isEditing.value && (
        <section class="notice">
          <h2>Nothing on it yet</h2>
          <p>
            Pin charts from <a href="/explore">Explore</a> or a device’s page, or choose Arrange to add some here.
          </p>
        </section>
      )}
      <BoardGrid
        tiles={content.tiles}
        stage={stage}
        client={client}
        gridOnChange={isEditing.value && !isBusy ? changeTiles : null}
      />
    </div>
  );
}

function BoardBar(props: {
  readonly board: Board;
  readonly title: string;
  readonly content: BoardContent;
  readonly isEditing: { value: boolean };
  readonly change: (next: Partial<Change>) => void;
  readonly client: BoardClient;
}) {
  const { board, title, content, isEditing, change, client } = props;
  const { navigate } = useApp();
  return (
    <div class="board-bar">
      {isEditing.value ? (
        <>
          <h1 class="spoken">{title}</h1>
          <input
            class="board-title"
            aria-label="Name of the board"
            value={title}
            maxLength={100}
            onChange={(event) => {
              const named = event.currentTarget.value.trim();
              if (named !== '') change({ title: named });
            }}
          />
        </>
      ) : (
        <h1>{title}</h1>
      )}
      <RangeChoice content={content} change={change} />
      <span class="board-actions">
        <button
          type="button"
          class="button is-small"
          aria-pressed={isEditing.value}
          onClick={() => {
            isEditing.value = !isEditing.value;
          }}
        >
          {isEditing.value ? 'Done' : 'Arrange'}
        </button>
        <button
          type="button"
          class="button is-small"
          onClick={() => {
            enterKiosk();
            navigate({ page: 'board', boardId: board.id, mode: 'kiosk' });
          }}
        >
          Wall screen
        </button>
        <ShareButton board={board} client={client} />
        {isEditing.value && <RemoveBoard board={board} client={client} />}
      </span>
    </div>
  );
}

function RangeChoice({ content, change }: { content: BoardContent; change: (next: Partial<Change>) => void }) {
  return (
    <label class="choice-field">
      <span class="spoken">Range of its charts</span>
      <select
        value={String(content.rangeMs)}
        onChange={(event) => change({ content: { ...content, rangeMs: Number(event.currentTarget.value) } })}
      >
        {timeRanges
          .filter(({ name }) => name !== 'all')
          .map(({ name, spanMs, spokenLabel }) => (
            <option key={name} value={String(spanMs)}>
              {spokenLabel}
            </option>
          ))}
      </select>
    </label>
  );
}

function RemoveBoard({ board, client }: { board: Board; client: BoardClient }) {
  const { navigate } = useApp();
  const isAsking = useSignal(false);
  if (!isAsking.value) {
    return (
      <button type="button" class="button is-small" onClick={() => (isAsking.value = true)}>
        Remove…
      </button>
    );
  }
  const remove = async () => {
    await client.removeDocument('board', board.id).catch(() => undefined);
    navigate({ page: 'boards' });
  };
  return (
    <button type="button" class="button is-small is-danger" onClick={() => void remove()}>
      Remove for everybody
    </button>
  );
}

function SavingNote(props: { saving: Saving; retry: (mine: Change) => void; drop: () => void }) {
  const { saving, retry, drop } = props;
  if (saving.kind === 'saved' || saving.kind === 'saving') return null;
  const text =
    saving.kind === 'conflict'
      ? 'Somebody else has changed this board meanwhile. Theirs is saved; yours is shown and is not.'
      : `Not saved: ${saving.text}`;
  return (
    <p class="banner is-late" role="alert">
      {text}{' '}
      <button type="button" class="button is-small" onClick={() => retry(saving.mine)}>
        {saving.kind === 'conflict' ? 'Put mine over it' : 'Try again'}
      </button>{' '}
      <button type="button" class="button is-small" onClick={drop}>
        {saving.kind === 'conflict' ? 'Take theirs' : 'Let it go'}
      </button>
    </p>
  );
}

/** Adds to the board without leaving it. */
function AddTile({ tiles, add }: { tiles: readonly BoardTile[]; add: (tiles: readonly BoardTile[]) => void }) {
  const chosen = useSignal<readonly SeriesName[]>([]);
  const kinds = { chart: 'As a chart', value: 'As values', table: 'As a table' } as const;
  const addAs = (kind: BoardTile['kind']) => {
    add(addTile(tiles, { id: drawId(), kind, title: '', series: chosen.value }));
    chosen.value = [];
  };
  if (tiles.length >= tilesMax) return <p class="muted">A board has at most {tilesMax} tiles.</p>;
  return (
    <div class="board-add">
      <SeriesPicker
        chosen={chosen.value}
        seriesMax={tileSeriesMax}
        pickerOnToggle={(one) => {
          chosen.value = toggleSeries(chosen.value, one);
        }}
      />
      {Object.entries(kinds).map(([kind, text]) => (
        <button
          key={kind}
          type="button"
          class="button"
          disabled={chosen.value.length === 0}
          onClick={() => addAs(kind as BoardTile['kind'])}
        >
          {text}
        </button>
      ))}
      <span class="muted" role="status">
        {chosen.value.length === 0 ? 'Choose metrics to add.' : `${chosen.value.length} chosen`}
      </span>
    </div>
  );
}
