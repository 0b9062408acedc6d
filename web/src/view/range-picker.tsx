/**
 * The picker of the time bar: every preset by name, and any stretch between two dates, typed or from the browser's own calendar.
 * Owns what is typed until it is applied.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { nameZone } from '../core/display-style.ts';
import { checkEntry, writeLocalTime } from '../core/time-entry.ts';
import { findRange, timeRanges } from '../core/time-range.ts';
import type { RangeRoute } from '../core/time-route.ts';
import { useApp } from './app-context.ts';

export function RangePicker({ route, close }: { route: RangeRoute; close: () => void }) {
  const { navigate, nowHubMs } = useApp();
  const nowMs = nowHubMs();
  const shown = route.window ?? { fromMs: nowMs - findRange(route.range).spanMs, toMs: nowMs };
  const from = useSignal(writeLocalTime(shown.fromMs));
  const to = useSignal(route.window === null ? '' : writeLocalTime(shown.toMs));
  const wrong = useSignal<{ field: 'from' | 'to'; text: string } | null>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector('input')?.focus(), []);
  const formOnSubmit = (event: Event) => {
    event.preventDefault();
    const result = checkEntry({ from: from.peek(), to: to.peek() }, nowHubMs());
    wrong.value = result.ok ? null : result;
    if (!result.ok) {
      form.current?.querySelector<HTMLInputElement>(`[name="${result.field}"]`)?.focus();
      return;
    }
    navigate({ ...route, window: result.window });
    close();
  };
  const field = (name: 'from' | 'to', label: string, value: typeof from) => (
    <label class="picker-field">
      {label}
      <input
        type="datetime-local"
        name={name}
        step="1"
        value={value.value}
        aria-invalid={wrong.value?.field === name}
        aria-describedby={wrong.value?.field === name ? 'picker-wrong' : undefined}
        onInput={(event) => {
          value.value = event.currentTarget.value;
        }}
      />
    </label>
  );
  return (
    <div class="picker" role="dialog" aria-label="Range of the charts">
      <form ref={form} onSubmit={formOnSubmit} noValidate>
        {field('from', 'From', from)}
        {field('to', 'To, empty for now', to)}
        {wrong.value !== null && (
          <p id="picker-wrong" class="picker-wrong" role="alert">
            {wrong.value.text}
          </p>
        )}
        <p class="muted">Times of {nameZone()}.</p>
        <button type="submit" class="button is-main">
          Show
        </button>
      </form>
      <ul class="picker-presets">
        {timeRanges.map((range) => (
          <li key={range.name}>
            <button
              type="button"
              aria-pressed={range.name === route.range && route.window === null}
              onClick={() => {
                navigate({ ...route, range: range.name, window: null }, 'replace');
                close();
              }}
            >
              {range.spokenLabel}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
