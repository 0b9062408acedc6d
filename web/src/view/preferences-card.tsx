/**
 * How one person likes to see things: theme, density, clock, zone, units. Kept in the hub, so every browser of theirs shows the same.
 *
 * Owns the form. Each choice is applied at once and saved behind it; if it cannot be saved, that is said and it lasts as long as the
 * browser remembers it. Other preferences in the same document are put back as they were.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import '../style/preferences.css';
import type { Theme } from '../core/app-model.ts';
import { type Preferences, quantities } from '../core/preferences.ts';
import { BoardClient } from '../edge/board-client.ts';
import { HubRefusal } from '../edge/hub-client.ts';
import { useApp } from './app-context.ts';

const themes: readonly { readonly value: Theme; readonly label: string }[] = [
  { value: 'system', label: 'As the system' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];
const triesMax = 4;

export function PreferencesCard() {
  const app = useApp();
  const client = useMemo(() => new BoardClient(), []);
  const mine = useSignal<Preferences>({});
  const problem = useSignal('');
  const isRead = useSignal(false);
  // One after the other: of two saves under way, the older could come last and stand.
  const saving = useRef<Promise<void>>(Promise.resolve());
  useEffect(() => {
    client.listDocuments('preferences').then(
      ([document]) => {
        mine.value = document?.content ?? {};
        isRead.value = true;
      },
      () => {
        problem.value = 'Your preferences could not be read from the hub.';
        isRead.value = true;
      },
    );
  }, []);
  const change = async (next: Partial<Preferences>) => {
    mine.value = { ...mine.value, ...next };
    app.showAs(mine.value);
    const saved = saving.current.then(() => save(client, next));
    saving.current = saved.catch(() => undefined);
    try {
      await saved;
      problem.value = '';
    } catch {
      problem.value = 'Not saved in the hub: it holds in this browser only.';
    }
  };
  return (
    <section class="card preferences-card">
      <h2>Appearance</h2>
      {/* What somebody chose before the hub has said what stands there would be lost. */}
      <fieldset class="preference-fields" disabled={!isRead.value}>
        <ThemePick themeOnChange={(theme) => void change({ theme })} />
        <div class="preference-list">
          <Pick
            label="Density"
            value={mine.value.density ?? 'comfortable'}
            options={{ comfortable: 'Comfortable', dense: 'Dense' }}
            pickOnChange={(density) => void change({ density: density as 'comfortable' | 'dense' })}
          />
          <Pick
            label="Clock"
            value={mine.value.clock ?? '24'}
            options={{ 24: '24 hours', 12: '12 hours' }}
            pickOnChange={(clock) => void change({ clock: clock as '24' | '12' })}
          />
          <ZonePick zone={mine.value.zone ?? 'local'} zoneOnChange={(zone) => void change({ zone })} />
        </div>
        <UnitList units={mine.value.units ?? {}} unitsOnChange={(units) => void change({ units })} />
      </fieldset>
      {problem.value !== '' && (
        <p class="form-error" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

function ThemePick({ themeOnChange }: { themeOnChange: (theme: Theme) => void }) {
  const { model, setTheme } = useApp();
  return (
    <fieldset class="choices">
      <legend class="spoken">Theme</legend>
      {themes.map(({ value, label }) => (
        <label key={value} class="choice">
          <input
            type="radio"
            name="theme"
            checked={model.theme.value === value}
            onChange={() => {
              setTheme(value);
              themeOnChange(value);
            }}
          />
          {label}
        </label>
      ))}
    </fieldset>
  );
}

function Pick(props: {
  readonly label: string;
  readonly value: string;
  readonly options: Readonly<Record<string, string>>;
  readonly pickOnChange: (value: string) => void;
}) {
  const { label, value, options, pickOnChange } = props;
  return (
    <label class="preference">
      <span>{label}</span>
      <select value={value} onChange={(event) => pickOnChange(event.currentTarget.value)}>
        {Object.entries(options).map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

type Units = NonNullable<Preferences['units']>;

function UnitList({ units, unitsOnChange }: { units: Units; unitsOnChange: (units: Units) => void }) {
  return (
    <>
      <h3>Units</h3>
      <p class="muted">For display only: nothing stored changes, and CSV keeps what the device said.</p>
      <div class="preference-list">
        {quantities.map(({ id, label, units: known }) => (
          <Pick
            key={id}
            label={label}
            value={units[id] ?? ''}
            options={{ '': 'As measured', ...Object.fromEntries(known.map(({ unit }) => [unit, unit])) }}
            pickOnChange={(unit) => {
              const { [id]: _, ...others } = units;
              unitsOnChange(unit === '' ? others : { ...others, [id]: unit });
            }}
          />
        ))}
      </div>
    </>
  );
}

function ZonePick({ zone, zoneOnChange }: { zone: string; zoneOnChange: (zone: string) => void }) {
  const zones = useMemo(() => Intl.supportedValuesOf?.('timeZone') ?? [], []);
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <label class="preference">
      <span>Time zone</span>
      <select value={zone} onChange={(event) => zoneOnChange(event.currentTarget.value)}>
        <option value="local">This browser’s ({own})</option>
        <option value="utc">UTC</option>
        {zones.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** On what the hub has now: another tab may have changed something else. */
async function save(client: BoardClient, next: Partial<Preferences>): Promise<void> {
  for (let tries = 1; ; tries++) {
    const [document] = await client.listDocuments('preferences');
    const content = { ...document?.content, ...next };
    try {
      await client.saveDocument('preferences', 'mine', {
        title: '',
        shared: false,
        revision: document?.revision ?? 0,
        content,
      });
      return;
    } catch (error) {
      if (!(error instanceof HubRefusal && error.code === 'conflict') || tries === triesMax) throw error;
    }
  }
}
