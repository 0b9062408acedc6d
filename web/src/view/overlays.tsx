/**
 * What lies over the page: the palette and the list of keys, as modal dialogues of the browser's own.
 *
 * Owns what is typed and which entry is chosen. Invariant: closing gives the focus back to where it was.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { parseRoute } from '../core/app-route.ts';
import { type PaletteEntry, searchPalette } from '../core/palette-search.ts';
import { type App, useApp } from './app-context.ts';
import { Dialogue } from './dialogue.tsx';
import { SearchIcon } from './icons.tsx';
import { rewindKeys } from './rewind-keys.ts';

export function Overlays() {
  const { model } = useApp();
  const overlay = model.overlay.value;
  return (
    <Dialogue
      name={overlay === 'palette' ? 'Go to' : 'Keys'}
      look="overlay"
      close={() => {
        model.overlay.value = null;
      }}
    >
      {overlay === 'palette' ? <Palette /> : <KeyList />}
    </Dialogue>
  );
}

const fixedEntries: readonly PaletteEntry[] = [
  { label: 'Fleet', kind: 'page', note: 'page', target: '/' },
  { label: 'Offline devices', kind: 'page', note: 'page', target: '/?state=offline' },
  { label: 'Late devices', kind: 'page', note: 'page', target: '/?state=late' },
  { label: 'Explore', kind: 'page', note: 'page', target: '/explore' },
  { label: 'Boards', kind: 'page', note: 'page', target: '/boards' },
  { label: 'Devices with warnings', kind: 'page', note: 'page', target: '/?state=warning' },
  { label: 'Add a device', kind: 'page', note: 'page', target: '/add' },
  { label: 'Inbox', kind: 'page', note: 'page', target: '/inbox' },
  { label: 'Settings', kind: 'page', note: 'page', target: '/settings' },
  { label: 'Light or dark', kind: 'action', note: 'action', target: 'theme' },
  { label: 'Show the keys', kind: 'action', note: 'action', target: 'keys' },
];

function runEntry(app: App, entry: PaletteEntry): void {
  app.model.overlay.value = null;
  if (entry.target === 'theme') app.setTheme(app.model.isDark.peek() ? 'light' : 'dark');
  else if (entry.target === 'keys') app.model.overlay.value = 'keys';
  else {
    const [path = '/', metric] = entry.target.split('#metric=');
    app.navigate(parseRoute(path));
    if (metric !== undefined) showChart(decodeURIComponent(metric));
  }
}

/** Scrolls to the chart of a metric as soon as the page has it. */
function showChart(metric: string): void {
  let framesLeft = 300;
  const look = () => {
    const chart = document.querySelector(`[data-metrics~="${CSS.escape(metric)}"]`);
    if (chart !== null) chart.scrollIntoView({ block: 'center' });
    else if (framesLeft-- > 0) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

const typingMs = 80;

function Palette() {
  const app = useApp();
  const typed = useSignal('');
  const chosen = useSignal(0);
  // The field is there at once, and what can be found when it is on the screen.
  const isShown = useSignal(false);
  // What is looked for: what is typed, once no further letter comes.
  const sought = useSignal('');
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    isShown.value = true;
    app.loadFleet();
    return () => clearTimeout(timer.current);
  }, []);
  const structure = app.model.structure.value;
  const search = (text: string) => searchPalette(text, fixedEntries, app.model.feed.devices.values());
  const found = useMemo(
    () => (isShown.value ? search(sought.value) : []),
    [sought.value, structure, app.model.fleetLoad.value, isShown.value],
  );
  const look = () => {
    clearTimeout(timer.current);
    if (sought.peek() === typed.peek()) return found;
    sought.value = typed.peek();
    chosen.value = 0;
    return search(sought.value);
  };
  const keyOnDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const now = step !== 0 || event.key === 'Enter' ? look() : found;
    const entry = now[chosen.value];
    if (step !== 0 && now.length > 0) chosen.value = (chosen.value + step + now.length) % now.length;
    else if (event.key === 'Enter' && entry !== undefined) runEntry(app, entry);
    else return;
    event.preventDefault();
  };
  return (
    <div class="palette">
      <div class="palette-field">
        <SearchIcon />
        <input
          type="text"
          role="combobox"
          aria-label="Go to a device, metric or page"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-activedescendant={found.length === 0 ? undefined : `palette-${chosen.value}`}
          placeholder="Device, metric or page"
          spellcheck={false}
          autocomplete="off"
          value={typed}
          onInput={(event) => {
            typed.value = event.currentTarget.value;
            clearTimeout(timer.current);
            timer.current = setTimeout(look, typingMs);
          }}
          onKeyDown={keyOnDown}
        />
      </div>
      <PaletteList found={found} chosen={chosen} keyOnDown={keyOnDown} />
      {isShown.value && found.length === 0 && <p class="palette-none muted">Nothing has that name.</p>}
    </div>
  );
}

/** A little more than there is room for: entries further down are made when somebody goes there. */
const entriesAtOnce = 14;

interface PaletteListProps {
  readonly found: readonly PaletteEntry[];
  readonly chosen: Signal<number>;
  readonly keyOnDown: (event: KeyboardEvent) => void;
}

function PaletteList({ found, chosen, keyOnDown }: PaletteListProps) {
  const app = useApp();
  const list = useRef<HTMLDivElement>(null);
  const isScrolled = useSignal(false);
  const shown = isScrolled.value || chosen.value >= entriesAtOnce ? found : found.slice(0, entriesAtOnce);
  useEffect(() => list.current?.children[chosen.value]?.scrollIntoView({ block: 'nearest' }), [chosen.value]);
  return (
    <div
      class="palette-list"
      id="palette-list"
      role="listbox"
      aria-label="Found"
      ref={list}
      onScroll={() => {
        isScrolled.value = true;
      }}
    >
      {shown.map((entry, place) => (
        <div
          key={`${entry.kind} ${entry.target}`}
          id={`palette-${place}`}
          role="option"
          class="palette-entry"
          tabIndex={-1}
          aria-selected={place === chosen.value}
          onPointerMove={() => {
            chosen.value = place;
          }}
          onClick={() => runEntry(app, entry)}
          onKeyDown={keyOnDown}
        >
          <span class="palette-label">{entry.label}</span>
          <span class="palette-note">{entry.note}</span>
        </div>
      ))}
    </div>
  );
}

const keys: readonly (readonly [keys: readonly string[], what: string])[] = [
  [['Ctrl', 'K'], 'go to a device, metric or page (⌘ K on a Mac)'],
  [['?'], 'this list'],
  [['/'], 'in the fleet: to the filter'],
  [['↑', '↓'], 'in the fleet: through the rows; also j and k, Enter opens'],
  [['x'], 'in the fleet: pick the row; with Shift up to it'],
  [['t'], 'in the fleet: label and tags of the row, or of what is picked'],
  [['←', '→'], 'previous and next device, by name; also h and l'],
  [['↑ ↓ ← →'], 'arranging a board: move the tile whose handle has the focus; with Shift resize it'],
  [['Space'], 'hold the charts still, and let them go'],
  [['Esc'], 'back to live'],
  ...rewindKeys,
  [['drag'], 'on a chart: zoom into that stretch'],
  [['Shift', 'drag'], 'on a chart: move through time; on a touch screen one finger'],
  [['Ctrl', 'wheel'], 'on a chart: zoom in and out; on a touch screen two fingers'],
  [['double-click'], 'on a chart: back to live'],
];

function KeyList() {
  const { model } = useApp();
  return (
    <div class="key-list">
      {/* First, so that the focus does not scroll the list to its end. */}
      <button
        type="button"
        class="button"
        onClick={() => {
          model.overlay.value = null;
        }}
      >
        Close
      </button>
      <h2>Keys</h2>
      <dl>
        {keys.map(([combination, what]) => (
          <div key={what}>
            <dt>
              {combination.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
