/**
 * The field that finds series by a few letters of device and metric, and adds them.
 *
 * Owns what is typed, which entry is chosen, and the index of names, made anew when the fleet's structure changes and then only when
 * somebody types. Renders at most `shownMax` entries of however many there are.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import '../style/explore.css';
import { type Found, SeriesSearch } from '../core/explore-search.ts';
import { exploreSeriesMax, keyOf, type SeriesName } from '../core/explore-state.ts';
import { useApp } from './app-context.ts';
import { SearchIcon } from './icons.tsx';

const shownMax = 60;

interface PickerProps {
  readonly chosen: readonly SeriesName[];
  readonly seriesMax?: number;
  readonly pickerOnToggle: (one: SeriesName) => void;
}

export function SeriesPicker({ chosen, seriesMax = exploreSeriesMax, pickerOnToggle }: PickerProps) {
  const { model, loadFleet } = useApp();
  const typed = useSignal('');
  const at = useSignal(0);
  const isOpen = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => loadFleet(), []);
  useEffect(() => followOutside(box, isOpen), []);
  const structure = model.structure.value;
  const load = model.fleetLoad.value;
  const search = useMemo(
    () => (isOpen.value ? new SeriesSearch(model.feed.devices.values()) : null),
    [structure, load, isOpen.value],
  );
  const found = useMemo(() => search?.find(typed.value, shownMax) ?? { list: [], total: 0 }, [search, typed.value]);
  const isFull = chosen.length >= seriesMax;
  const keyOnDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const entry = found.list[at.value];
    if (event.key === 'Escape' && isOpen.peek()) isOpen.value = false;
    else if (step !== 0) {
      isOpen.value = true;
      if (found.list.length > 0) at.value = (at.value + step + found.list.length) % found.list.length;
    } else if (event.key === 'Enter' && isOpen.peek() && entry !== undefined) pickerOnToggle(entry);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="series-picker" ref={box}>
      <div class="series-field">
        <SearchIcon />
        <input
          type="text"
          role="combobox"
          aria-label="Add metrics: letters of device or metric"
          aria-expanded={isOpen.value}
          aria-controls="series-list"
          aria-activedescendant={isOpen.value && found.list.length > 0 ? `series-${at.value}` : undefined}
          placeholder="Add metrics: device, metric…"
          spellcheck={false}
          autocomplete="off"
          value={typed.value}
          onFocus={() => {
            isOpen.value = true;
          }}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            at.value = 0;
            isOpen.value = true;
          }}
          onKeyDown={keyOnDown}
        />
      </div>
      {isOpen.value && (
        <div class="series-drop">
          <p class="series-note" role="status">
            {noteOf(load, { total: found.total, shown: found.list.length, isFull, seriesMax })}
          </p>
          <PickerList found={found} at={at} chosen={chosen} isFull={isFull} pickerOnToggle={pickerOnToggle} />
        </div>
      )}
    </div>
  );
}

interface ListProps extends PickerProps {
  readonly found: Found;
  readonly at: Signal<number>;
  readonly isFull: boolean;
}

function PickerList({ found, at, chosen, isFull, pickerOnToggle }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  const keys = new Set(chosen.map(keyOf));
  useEffect(() => list.current?.children[at.value]?.scrollIntoView({ block: 'nearest' }), [at.value, found]);
  return (
    <div id="series-list" role="listbox" aria-label="Metrics" aria-multiselectable="true" ref={list}>
      {found.list.map((entry, i) => {
        const isChosen = keys.has(keyOf(entry));
        return (
          <div
            key={keyOf(entry)}
            id={`series-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={isChosen}
            aria-disabled={isFull && !isChosen}
            class={i === at.value ? 'series-entry is-at' : 'series-entry'}
            onPointerDown={(event) => {
              event.preventDefault();
              at.value = i;
              pickerOnToggle(entry);
            }}
          >
            <span class="series-tick" aria-hidden="true">
              {isChosen ? '✓' : ''}
            </span>
            <span class="series-metric">{entry.metric}</span>
            <span class="unit">{entry.unit}</span>
            <span class="series-device">{entry.device}</span>
          </div>
        );
      })}
    </div>
  );
}

/** A press anywhere else closes the list. */
function followOutside(box: { readonly current: HTMLElement | null }, isOpen: Signal<boolean>): () => void {
  const pointerOnDown = ({ target }: PointerEvent) => {
    if (!(target instanceof Node) || box.current?.contains(target) !== true) isOpen.value = false;
  };
  document.addEventListener('pointerdown', pointerOnDown);
  return () => document.removeEventListener('pointerdown', pointerOnDown);
}

function noteOf(
  load: 'loading' | 'ready' | 'failed',
  found: { total: number; shown: number; isFull: boolean; seriesMax: number },
): string {
  if (load === 'failed') return 'The list of devices could not be read. What the feed brings is searched.';
  if (found.total === 0) return load === 'loading' ? 'Reading the list of devices…' : 'Nothing is named like that.';
  if (found.isFull) return `${found.seriesMax} series are chosen; take one away to add another.`;
  const more = found.total > found.shown ? `, the first ${found.shown} shown` : '';
  return `${found.total.toLocaleString('en')} series${more}. ↑ ↓ and Enter choose.`;
}
