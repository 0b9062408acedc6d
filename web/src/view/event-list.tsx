/** What the device said in words: log lines and changes of state, newest first. Owns the list it fetched and what came live. */
import { type Signal, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DeviceRecord } from '../core/feed-state.ts';
import type { StoredEvent } from '../edge/hub-client.ts';
import { useApp } from './app-context.ts';
import { formatFull, formatMoment } from './clock-text.ts';

const eventsMax = 200;

export function EventList({ device, hasEvents }: { device: DeviceRecord; hasEvents: Signal<boolean> }) {
  const app = useApp();
  const events = useSignal<readonly StoredEvent[] | null>(null);
  const hasFailed = useSignal(false);
  useEffect(() => {
    let ended = false;
    const load = async () => {
      try {
        const stored = await app.hub.readEvents(device.id, eventsMax);
        if (!ended) events.value = mergeEvents(stored, events.peek() ?? []);
      } catch {
        hasFailed.value = true; // The list then says so and holds what comes live.
      }
    };
    const endObserver = app.addObserver({
      observeEvent: (from, { atMs, level, code, text }, arrivedMs) => {
        if (from === device) events.value = mergeEvents([{ atMs, arrivedMs, level, code, text }], events.peek() ?? []);
      },
    });
    void load();
    return () => {
      ended = true;
      endObserver();
    };
  }, [device]);
  // Without events the charts take the room of their column.
  useSignalEffect(() => {
    hasEvents.value = (events.value?.length ?? 0) > 0;
  });
  const list = events.value;
  return (
    <section class="card events" aria-label="Events">
      <h2>Events</h2>
      {list === null && !hasFailed.value && <p class="muted">Reading…</p>}
      {hasFailed.value && <p class="muted">The stored events could not be read.</p>}
      {list?.length === 0 && <p class="muted">None yet.</p>}
      <ol>
        {list?.map((event) => (
          <li key={`${event.atMs} ${event.arrivedMs} ${event.code} ${event.text}`} class={`event is-${event.level}`}>
            <time title={formatFull(event.atMs)}>{formatMoment(event.atMs, app.nowHubMs())}</time>
            <span class="event-code">
              <EventShape level={event.level} />
              {event.code}
            </span>
            <span class="event-text">{event.text}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Stored and live lists overlap: an event is the same when all it says is the same. */
function mergeEvents(some: readonly StoredEvent[], others: readonly StoredEvent[]): readonly StoredEvent[] {
  const known = new Map<string, StoredEvent>();
  for (const event of [...some, ...others]) known.set(`${event.atMs} ${event.code} ${event.text}`, event);
  return [...known.values()].sort((a, b) => b.atMs - a.atMs).slice(0, eventsMax);
}

function EventShape({ level }: { level: StoredEvent['level'] }) {
  return (
    <svg class="event-shape" viewBox="0 0 10 10" width="10" height="10" role="img" aria-label={level}>
      {level === 'error' && <rect x="1" y="1" width="8" height="8" />}
      {level === 'warning' && <path d="M5 .5 9.5 9H.5Z" />}
      {level === 'info' && <circle cx="5" cy="5" r="4" />}
      {level === 'debug' && <circle cx="5" cy="5" r="2" />}
    </svg>
  );
}
