/** Above the table: counters that filter, the text filter, groups, and the doors to columns and saved views. No state. */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { FleetFilter, FleetRoute } from '../core/app-route.ts';
import { matchesFilter, parseFilter } from '../core/fleet-filter.ts';
import { listGroupChoices } from '../core/fleet-lines.ts';
import { countStatuses, type FleetStatus, statusWords } from '../core/fleet-status.ts';
import { countTags } from '../core/fleet-tags.ts';
import { formatFixed } from '../core/number-format.ts';
import { useApp } from './app-context.ts';
import { ColumnsIcon, ViewIcon } from './fleet-icons.tsx';
import type { Selection } from './fleet-selection.ts';
import { AddIcon, CloseIcon, SearchIcon } from './icons.tsx';
import { StatusShape, WarningShape } from './status-mark.tsx';

export type FleetPanel =
  | { readonly kind: 'columns' }
  | { readonly kind: 'views' }
  | { readonly kind: 'edit'; readonly ids: readonly string[] };

interface ToolProps {
  readonly route: FleetRoute;
  readonly panel: Signal<FleetPanel | null>;
  readonly selection: Selection;
  readonly isLoading: boolean;
}

export function FleetTools({ route, panel, selection, isLoading }: ToolProps) {
  return (
    <div class="fleet-tools">
      <Counters route={route} isLoading={isLoading} />
      <div class="fleet-finder">
        <TextFilter route={route} />
        <GroupChoice route={route} />
        <SortChoice route={route} />
        <ToolButton label="Columns" panel={panel} kind="columns">
          <ColumnsIcon />
        </ToolButton>
        <ToolButton label="Views" panel={panel} kind="views">
          <ViewIcon />
        </ToolButton>
        <button
          type="button"
          class="button tool-button pick-button"
          aria-pressed={selection.isPicking.value}
          onClick={() => {
            if (selection.isPicking.peek()) selection.clear();
            else selection.isPicking.value = true;
          }}
        >
          Pick
        </button>
        <a class="button add-link" href="/add">
          <AddIcon />
          <span>Add a device</span>
        </a>
      </div>
    </div>
  );
}

function ToolButton(props: {
  label: string;
  kind: 'columns' | 'views';
  panel: ToolProps['panel'];
  children: preact.ComponentChildren;
}) {
  const { label, kind, panel, children } = props;
  return (
    <button
      type="button"
      class={`button tool-button is-${kind}`}
      aria-haspopup="dialog"
      aria-label={label}
      onClick={() => {
        panel.value = { kind };
      }}
    >
      {children}
      <span class="tool-word">{label}</span>
    </button>
  );
}

/** Statuses add up to all; warnings lie across them, behind a line. */
const counters: readonly FleetFilter[] = [
  'all',
  'online',
  'late',
  'offline',
  'asleep',
  'imported',
  'unknown',
  'warning',
];

function Counters({ route, isLoading }: { route: FleetRoute; isLoading: boolean }) {
  const { model, navigate, nowHubMs } = useApp();
  // Of what the text leaves: a counter says how many rows its click will show.
  const version = model.structure.value;
  const counts = useMemo(() => {
    const terms = parseFilter(route.text);
    const nowMs = nowHubMs();
    const devices = [...model.feed.devices.values()].filter((device) => matchesFilter(device, terms, nowMs));
    return countStatuses(devices, nowMs);
  }, [version, route.text]);
  return (
    <fieldset class={`counters ${isLoading ? 'is-loading' : ''}`}>
      <legend class="spoken">Show devices that are</legend>
      {counters.map((filter) => (
        <button
          type="button"
          key={filter}
          class={`counter is-${filter} ${counts[filter] === 0 ? 'is-zero' : ''}`}
          aria-pressed={route.filter === filter}
          title={filter === 'warning' ? warningHint : undefined}
          onClick={() => navigate({ ...route, filter: route.filter === filter ? 'all' : filter }, 'replace')}
        >
          <CounterShape filter={filter} />
          <span>{filter === 'all' ? 'All' : filter === 'warning' ? 'Warnings' : statusWords[filter]}</span>
          <b>{formatFixed(counts[filter], 0)}</b>
        </button>
      ))}
    </fieldset>
  );
}

const warningHint =
  'Of any status: readings missing in the last 24 hours (below 99 %), a clock more than a minute off, or an error event within the hour';

function CounterShape({ filter }: { filter: FleetFilter }) {
  if (filter === 'all') return null;
  return filter === 'warning' ? <WarningShape /> : <StatusShape state={filter as FleetStatus} />;
}

const filterHint = 'Words, or tag:north, site:north, status:late, model:pi, firmware:2.1; a minus in front leaves out';

const typingMs = 100;

function TextFilter({ route }: { route: FleetRoute }) {
  const { navigate, routeAhead } = useApp();
  // What was typed stands at once; the table follows when no further letter comes: it takes longer than the next one is away.
  const typed = useSignal(route.text);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useLayoutEffect(() => {
    if (timer.current === undefined) typed.value = route.text;
  }, [route.text]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const follow = () => {
    timer.current = undefined;
    const ahead = routeAhead();
    if (ahead.page === 'fleet' && ahead.text !== typed.peek()) navigate({ ...ahead, text: typed.peek() }, 'replace');
  };
  const setText = (text: string) => {
    typed.value = text;
    clearTimeout(timer.current);
    if (text === '') follow();
    else timer.current = setTimeout(follow, typingMs);
  };
  return (
    <search class="text-filter">
      <SearchIcon />
      <input
        type="text"
        inputMode="search"
        placeholder="Filter: name, tag:north, status:late, model:pi"
        aria-label="Filter by name, tag:, status:, model: or firmware:"
        aria-keyshortcuts="/"
        title={filterHint}
        spellcheck={false}
        autocomplete="off"
        value={typed}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            if (typed.peek() === '') event.currentTarget.blur();
            setText('');
          }
        }}
      />
      {route.text === '' ? (
        <span class="key-hint" aria-hidden="true">
          /
        </span>
      ) : (
        <button type="button" class="text-filter-clear" aria-label="Clear the filter" onClick={() => setText('')}>
          <CloseIcon />
        </button>
      )}
    </search>
  );
}

function GroupChoice({ route }: { route: FleetRoute }) {
  const { model, navigate } = useApp();
  const structure = model.structure.value;
  const choices = useMemo(() => listGroupChoices(countTags(model.feed.devices.values())), [structure]);
  const { look } = route;
  const isListed = look.group === '' || choices.some(({ by }) => by === look.group);
  return (
    <label class="select-box">
      <span class="select-word">Group</span>
      <select
        aria-label="Group by"
        value={look.group}
        onChange={(event) =>
          navigate({ ...route, look: { ...look, group: event.currentTarget.value, folded: [] } }, 'replace')
        }
      >
        <option value="">none</option>
        {choices.map(({ by, label }) => (
          <option key={by} value={by}>
            {label}
          </option>
        ))}
        {!isListed && <option value={look.group}>{look.group.replace(/^tag:/, '')}</option>}
      </select>
    </label>
  );
}

const sorts: readonly (readonly [value: string, label: string])[] = [
  ['', 'worst first'],
  ['name', 'name'],
  ['-seen', 'oldest first'],
  ['complete', 'least complete first'],
  ['status', 'status'],
];

/** On a phone, where there are no headings to press. */
function SortChoice({ route }: { route: FleetRoute }) {
  const { navigate } = useApp();
  const { look } = route;
  const value = (look.isDescending ? '-' : '') + look.sort;
  const isListed = sorts.some(([one]) => one === value);
  return (
    <label class="select-box is-sort">
      <span class="select-word">Sort</span>
      <select
        aria-label="Sort by"
        value={value}
        onChange={(event) => {
          const wanted = event.currentTarget.value;
          const sort = wanted.replace(/^-/, '');
          navigate({ ...route, look: { ...look, sort, isDescending: wanted.startsWith('-') } }, 'replace');
        }}
      >
        {sorts.map(([one, label]) => (
          <option key={one} value={one}>
            {label}
          </option>
        ))}
        {!isListed && <option value={value}>{look.sort}</option>}
      </select>
    </label>
  );
}
