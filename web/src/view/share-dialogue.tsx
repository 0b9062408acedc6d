/**
 * Making a link that shows one board, and what such a link means. Owns the dialogue; the link itself is shown once and kept nowhere.
 */
import { type Signal, useSignal } from '@preact/signals';
import { keyOf } from '../core/explore-state.ts';
import { isLoopback } from '../core/loopback.ts';
import type { BoardClient, HubDocument } from '../edge/board-client.ts';
import { useApp } from './app-context.ts';
import { BoardDialogue } from './board-dialogue.tsx';
import { explain } from './board-pin.tsx';
import { CopyText } from './copy-text.tsx';

const lives = { '1 day': 1, '7 days': 7, '30 days': 30, '1 year': 365 } as const;
const dayMs = 86_400_000;

export function ShareButton({ board, client }: { board: HubDocument<'board'>; client: BoardClient }) {
  const isOpen = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="button is-small"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        Share…
      </button>
      {isOpen.value && <ShareDialogue board={board} client={client} isOpen={isOpen} />}
    </>
  );
}

function ShareDialogue(props: { board: HubDocument<'board'>; client: BoardClient; isOpen: Signal<boolean> }) {
  const { board, client, isOpen } = props;
  const link = useSignal('');
  const close = () => {
    isOpen.value = false;
  };
  return (
    <BoardDialogue name="Share the board" isOpen={isOpen}>
      <h2>Share “{board.title}”</h2>
      {link.value === '' ? (
        <ShareForm board={board} client={client} link={link} close={close} />
      ) : (
        <>
          <p role="status">This is the link. It is shown this once.</p>
          <CopyText text={link.value} label="the link" />
          <p class="dialogue-end">
            <button type="button" class="button" onClick={close}>
              Done
            </button>
          </p>
        </>
      )}
    </BoardDialogue>
  );
}

interface FormProps {
  readonly board: HubDocument<'board'>;
  readonly client: BoardClient;
  readonly link: Signal<string>;
  readonly close: () => void;
}

function ShareForm({ board, client, link, close }: FormProps) {
  const { nowHubMs } = useApp();
  const problem = useSignal('');
  const make = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const expiresMs = Math.round(nowHubMs() + Number(form.get('days')) * dayMs);
    try {
      const made = await client.makeShare({ board: board.id, label: String(form.get('label')), expiresMs });
      link.value = location.origin + made.path;
    } catch (error) {
      problem.value = explain(error);
    }
  };
  const metrics = new Set(board.content.tiles.flatMap(({ series }) => series.map(keyOf))).size;
  return (
    <form class="share-form" onSubmit={(event) => void make(event)}>
      <p>
        Whoever has the link sees this board, with its {metrics} {metrics === 1 ? 'metric' : 'metrics'}, and nothing
        else of the hub; also after you change the board. You can revoke it in Settings.
      </p>
      <label>
        For whom
        <input name="label" required maxLength={100} placeholder="such as the caretaker" />
      </label>
      <label>
        Good for
        <select name="days">
          {Object.entries(lives).map(([text, days]) => (
            <option key={text} value={days} selected={days === 30}>
              {text}
            </option>
          ))}
        </select>
      </label>
      {isLoopback(location.hostname) && (
        <p class="muted">
          You have opened this page at {location.host}, which only this machine can reach, and so would the link: open
          it at the address that others use. <code>npm start -- --host 0.0.0.0</code> lets them in.
        </p>
      )}
      {problem.value !== '' && (
        <p class="form-error" role="alert">
          {problem}
        </p>
      )}
      <p class="dialogue-end">
        <button type="button" class="button" onClick={close}>
          Cancel
        </button>
        <button type="submit" class="button is-main">
          Make a link
        </button>
      </p>
    </form>
  );
}
