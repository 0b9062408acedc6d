/** Saved views: open one, save what is shown, remove. Owns what is typed; the views are the keeper's. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type FleetRoute, formatRoute } from '../core/app-route.ts';
import type { SavedView } from '../core/fleet-keeper.ts';
import { useApp } from './app-context.ts';
import { ConfirmButton } from './confirm-button.tsx';

export function ViewList({ route, close }: { route: FleetRoute; close: () => void }) {
  const { fleetKeeper } = useApp();
  useEffect(() => void fleetKeeper.loadViews(), []);
  const views = fleetKeeper.views.value;
  return (
    <>
      {views.length === 0 ? (
        <p class="muted">None yet. A view keeps filter, order, columns and groups under a name.</p>
      ) : (
        <ul class="view-list">
          {views.map((view) => (
            <ViewItem key={view.id} view={view} isOpen={view.id === route.look.view} close={close} />
          ))}
        </ul>
      )}
      <SaveForm route={route} close={close} />
      <p class="panel-note" role="status">
        {fleetKeeper.trouble.value}
      </p>
    </>
  );
}

function ViewItem({ view, isOpen, close }: { view: SavedView; isOpen: boolean; close: () => void }) {
  const { fleetKeeper } = useApp();
  const search = view.search === '' ? `view=${view.id}` : `${view.search}&view=${view.id}`;
  return (
    <li>
      <a href={`/?${search}`} aria-current={isOpen ? 'true' : undefined} onClick={close}>
        <b>{view.title}</b>
        <span class="muted">{view.isShared ? 'for everybody' : 'yours'}</span>
      </a>
      <ConfirmButton
        label="Remove"
        spoken={`Remove the view ${view.title}`}
        question={view.isShared ? 'Remove it for everybody?' : 'Remove it?'}
        confirm={async () => {
          await fleetKeeper.removeView(view.id);
        }}
      />
    </li>
  );
}

/** The address without what is only of this moment. */
function readSearch(route: FleetRoute): string {
  return formatRoute({ ...route, look: { ...route.look, view: '', edit: '' } }).slice(2);
}

function SaveForm({ route, close }: { route: FleetRoute; close: () => void }) {
  const { fleetKeeper, navigate } = useApp();
  const open = fleetKeeper.views.value.find(({ id }) => id === route.look.view);
  const title = useSignal('');
  const isShared = useSignal(false);
  const save = async (view: SavedView) => {
    if (!(await fleetKeeper.saveView(view))) return;
    navigate({ ...route, look: { ...route.look, view: view.id } }, 'replace');
    close();
  };
  const saveNew = async (event: Event) => {
    event.preventDefault();
    const name = title.value.trim();
    if (name === '') return;
    const search = readSearch(route);
    await save({ id: drawId(), title: name, isShared: isShared.value, revision: 0, search });
  };
  return (
    <form class="view-form" onSubmit={saveNew}>
      <h3>Save what is shown now</h3>
      <div class="inline-form">
        <input
          type="text"
          placeholder="Name"
          aria-label="Name of the view"
          maxLength={100}
          value={title.value}
          onInput={(event) => {
            title.value = event.currentTarget.value;
          }}
        />
        <button type="submit" class="button is-main" disabled={title.value.trim() === ''}>
          Save
        </button>
      </div>
      <label class="choice">
        <input
          type="checkbox"
          checked={isShared.value}
          onChange={(event) => {
            isShared.value = event.currentTarget.checked;
          }}
        />
        <span>For everybody who signs in here</span>
      </label>
      {open !== undefined && open.search !== readSearch(route) && (
        <button type="button" class="button" onClick={() => save({ ...open, search: readSearch(route) })}>
          Save as “{open.title}”
        </button>
      )}
    </form>
  );
}

function drawId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(36).padStart(2, '0')).join('');
}
