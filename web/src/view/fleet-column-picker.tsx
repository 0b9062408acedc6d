/**
 * Which columns the table has, and in which order.
 *
 * Owns nothing: every press is in the address at once, and becomes the person's usual choice in the hub when asked.
 */
import { useComputed, useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { FleetRoute } from '../core/app-route.ts';
import { factKeys, listMetrics, makeColumn, type TableColumn } from '../core/fleet-columns.ts';
import { familyIds } from '../core/metric-family.ts';
import { useApp } from './app-context.ts';

interface Offer {
  readonly key: string;
  readonly label: string;
  readonly note: string;
}

const offersMax = 60;

export function ColumnPicker(props: { route: FleetRoute; columns: readonly TableColumn[]; close: () => void }) {
  const { route, columns, close } = props;
  const { model, navigate } = useApp();
  const typed = useSignal('');
  const keys = columns.map(({ key }) => key);
  const choose = (next: readonly string[] | null) => {
    navigate({ ...route, look: { ...route.look, columns: next } }, 'replace');
  };
  const offers = useMemo(() => listOffers(model.feed.devices.values()), [model.structure.value]);
  const found = useComputed(() => {
    const wanted = typed.value.trim().toLowerCase();
    return offers.filter(({ label }) => label.toLowerCase().includes(wanted)).slice(0, offersMax);
  });
  return (
    <>
      <h3>Shown, from left to right</h3>
      <ShownColumns columns={columns} choose={choose} />
      <h3>More</h3>
      <input
        type="text"
        placeholder="Find a metric or a fact"
        aria-label="Find a metric or a fact"
        spellcheck={false}
        value={typed.value}
        onInput={(event) => {
          typed.value = event.currentTarget.value;
        }}
      />
      <ul class="column-offers">
        {found.value
          .filter(({ key }) => !keys.includes(key))
          .map(({ key, label, note }) => (
            <li key={key}>
              <button type="button" onClick={() => choose([...keys, key])}>
                <span>{label}</span>
                <span class="muted">{note}</span>
              </button>
            </li>
          ))}
      </ul>
      <PickerActions keys={keys} choose={choose} close={close} />
    </>
  );
}

interface ChooseProps {
  choose(keys: readonly string[] | null): void;
}

function ShownColumns({ columns, choose }: ChooseProps & { columns: readonly TableColumn[] }) {
  const keys = columns.map(({ key }) => key);
  return (
    <ol class="column-list">
      {columns.map(({ key, label, hint }, place) => (
        <li key={key}>
          <span title={hint}>{label || 'Own metrics, more'}</span>
          <MoveButton
            label={`${label} to the left`}
            mark="↑"
            isOff={place === 0}
            move={() => choose(swap(keys, place, -1))}
          />
          <MoveButton
            label={`${label} to the right`}
            mark="↓"
            isOff={place === keys.length - 1}
            move={() => choose(swap(keys, place, 1))}
          />
          <MoveButton
            label={`Without ${label}`}
            mark="×"
            isOff={keys.length === 1}
            move={() => choose(keys.filter((one) => one !== key))}
          />
        </li>
      ))}
    </ol>
  );
}

function PickerActions({ keys, choose, close }: ChooseProps & { keys: readonly string[]; close: () => void }) {
  const { fleetKeeper } = useApp();
  const saved = useSignal('');
  const isSaved = saved.value === keys.join();
  return (
    <div class="panel-actions">
      <button
        type="button"
        class="button"
        onClick={() => {
          void fleetKeeper.saveColumns(null);
          choose(null);
        }}
      >
        Choose for me
      </button>
      <span class="panel-note" role="status">
        {fleetKeeper.trouble.value !== '' ? fleetKeeper.trouble.value : isSaved ? 'Kept for you.' : ''}
      </span>
      <button
        type="button"
        class="button"
        onClick={async () => {
          await fleetKeeper.saveColumns(keys);
          if (fleetKeeper.trouble.peek() === '') saved.value = keys.join();
        }}
      >
        Keep as mine
      </button>
      <button type="button" class="button is-main" onClick={close}>
        Done
      </button>
    </div>
  );
}

function MoveButton(props: { label: string; mark: string; isOff: boolean; move: () => void }) {
  return (
    <button type="button" class="move-button" aria-label={props.label} disabled={props.isOff} onClick={props.move}>
      <span aria-hidden="true">{props.mark}</span>
    </button>
  );
}

function swap(keys: readonly string[], place: number, step: 1 | -1): string[] {
  const next = [...keys];
  [next[place], next[place + step]] = [next[place + step]!, next[place]!];
  return next;
}

function listOffers(devices: Parameters<typeof listMetrics>[0]): Offer[] {
  const known = [...factKeys, ...familyIds.map((id) => `f:${id}`), 'own:1', 'own:2', 'own:3'];
  const fixed = known.flatMap((key) => {
    const column = makeColumn(key);
    if (column === null) return [];
    const note = column.kind === 'fact' ? 'fact' : key.startsWith('f:') ? 'kind of metric' : 'of each device';
    return [{ key, label: column.label || `Own metrics, ${key.slice(4)}`, note }];
  });
  const metrics = listMetrics(devices).map(({ key, label, unit, devices: count }) => ({
    key,
    label,
    note: `${unit === '' ? '' : `${unit} · `}${count} ${count === 1 ? 'device' : 'devices'}`,
  }));
  return [...fixed, ...metrics];
}
