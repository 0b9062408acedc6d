/** What the device said in words: log lines and changes of state, newest first, by level. No state but the scene's. */
import type { EventLevel } from '@lapwing/protocol';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type DeviceEventEntry, eventLevels } from '../core/device-events.ts';
import { makeWindowAround } from '../core/time-window.ts';
import { formatFull, formatMoment } from './clock-text.ts';
import type { DeviceScene } from './device-scene.ts';

/** More than this nobody reads here. */
const rowsMax = 200;

export function EventList({ scene }: { scene: DeviceScene }) {
  const { events } = scene;
  const all = events.list.value;
  void events.hidden.value;
  const ahead = useAhead(scene);
  const rows = events.shown.slice(ahead, ahead + rowsMax);
  return (
    <section class="card events" aria-label="Events">
      <div class="events-head">
        <h2>Events</h2>
        {all !== null && all.length > 0 && <LevelFilter scene={scene} all={all} />}
      </div>
      {all === null && !events.hasFailed.value && <p class="muted">Reading…</p>}
      {events.hasFailed.value && <p class="muted">The stored events could not be read.</p>}
      {all?.length === 0 && <p class="muted">None yet.</p>}
      {all !== null && all.length > 0 && rows.length === 0 && <p class="muted">None of these levels.</p>}
      <ol>
        {rows.map((event) => (
          <EventRow key={`${event.atMs} ${event.arrivedMs} ${event.code} ${event.text}`} event={event} scene={scene} />
        ))}
      </ol>
      {events.shown.length - ahead > rowsMax && (
        <p class="muted">{events.shown.length - ahead - rowsMax} older ones are on the charts.</p>
      )}
    </section>
  );
}

/** How many of the newest events are still to come, as seen from a page that is rewound. */
function useAhead({ stage, events, app }: DeviceScene): number {
  const ahead = useSignal(0);
  useEffect(
    () =>
      stage.addWriter(() => {
        const nowMs = app.clock.mode.peek() === 'rewound' ? app.clock.nowMs() : Number.POSITIVE_INFINITY;
        const first = events.shown.findIndex(({ atMs }) => atMs <= nowMs);
        ahead.value = first < 0 ? events.shown.length : first;
      }),
    [stage, events],
  );
  return ahead.value;
}

function EventRow({ event, scene }: { event: DeviceEventEntry; scene: DeviceScene }) {
  const { stage } = scene;
  const show = () => stage.settle(makeWindowAround(stage.toHubMs(event.atMs), stage.spanMs, stage.nowHubMs()));
  return (
    <li class={`event is-${event.level}`}>
      <button type="button" class="event-time" title={`${formatFull(event.atMs)}: show on the charts`} onClick={show}>
        <time>{formatMoment(event.atMs, stage.nowHubMs())}</time>
      </button>
      <span class="event-code">
        <EventShape level={event.level} />
        {event.code}
      </span>
      <span class="event-text">{event.text}</span>
    </li>
  );
}

function LevelFilter({ scene, all }: { scene: DeviceScene; all: readonly DeviceEventEntry[] }) {
  const hidden = scene.events.hidden.value;
  return (
    <fieldset class="level-filter">
      <legend class="spoken">Levels shown</legend>
      {eventLevels.map((level) => {
        const count = all.filter((event) => event.level === level).length;
        if (count === 0) return null;
        return (
          <button
            type="button"
            key={level}
            class={`is-${level}`}
            aria-pressed={!hidden.has(level)}
            aria-label={`${count} of level ${level}`}
            title={level}
            onClick={() => scene.events.toggle(level)}
          >
            <EventShape level={level} />
            {count}
          </button>
        );
      })}
    </fieldset>
  );
}

function EventShape({ level }: { level: EventLevel }) {
  return (
    <svg class="event-shape" viewBox="0 0 10 10" width="10" height="10" role="img" aria-label={level}>
      {level === 'error' && <rect x="1" y="1" width="8" height="8" />}
      {level === 'warning' && <path d="M5 .5 9.5 9H.5Z" />}
      {level === 'info' && <circle cx="5" cy="5" r="4" />}
      {level === 'debug' && <circle cx="5" cy="5" r="2" />}
    </svg>
  );
}
