/**
 * The scrubber of a rewound page: the instant, how long ago, play and speed, and the way back.
 *
 * Owns what a finger drags before it lets go of it. The digits are written in frames, not rendered: they change all the time.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { formatAge } from '../core/number-format.ts';
import { rewindSpans, rewindSpeeds } from '../core/rewind-control.ts';
import '../style/rewind.css';
import { useApp } from './app-context.ts';
import { formatClock, formatFull } from './clock-text.ts';
import { PauseIcon, PlayIcon } from './icons.tsx';

/** A drag asks for what it passes, but not for each pixel. */
const dragEveryMs = 250;
const ticks = 6;

export function RewindBar() {
  useEffect(() => {
    document.documentElement.classList.add('is-rewound');
    return () => document.documentElement.classList.remove('is-rewound');
  }, []);
  return (
    <section class="rewind-bar" aria-label="Rewind">
      <div class="rewind-row">
        <Instant />
        <Transport />
        <Spans />
        <BackToLive />
      </div>
      <Scrubber />
      <Trouble />
    </section>
  );
}

function Instant() {
  const { addPainter, clock, nowHubMs } = useApp();
  const digits = useRef<HTMLSpanElement>(null);
  const ago = useRef<HTMLSpanElement>(null);
  useEffect(
    () =>
      addPainter(() => {
        const atMs = clock.nowMs();
        write(digits.current, formatClock(atMs));
        write(ago.current, `${nameDay(atMs, nowHubMs())}${formatAge(nowHubMs() - atMs)} ago`);
      }),
    [],
  );
  return (
    <p class="rewind-instant">
      <span class="rewind-word">Rewound to</span>
      <span class="rewind-digits" ref={digits} />
      <span class="rewind-ago" ref={ago} />
    </p>
  );
}

/** Nothing for today. */
function nameDay(atMs: number, nowMs: number): string {
  const at = new Date(atMs);
  if (at.toDateString() === new Date(nowMs).toDateString()) return '';
  return `${at.toLocaleDateString(undefined, { weekday: 'short', day: 'numeric', month: 'short' })} · `;
}

function write(element: HTMLElement | null, text: string): void {
  if (element !== null && element.textContent !== text) element.textContent = text;
}

function Transport() {
  const { rewind } = useApp();
  const isPlaying = rewind.playing.value;
  return (
    <div class="rewind-transport">
      <button
        type="button"
        class="bar-button"
        aria-label="Ten seconds back"
        title="10 s back (,)"
        onClick={() => rewind.step(-10_000)}
      >
        <span aria-hidden="true">−10</span>
      </button>
      <button
        type="button"
        class="bar-button rewind-play"
        aria-label={isPlaying ? 'Stand still' : 'Play'}
        title={isPlaying ? 'Stand still (Space)' : 'Play (Space)'}
        onClick={() => rewind.togglePlay()}
      >
        {isPlaying ? <PauseIcon /> : <PlayIcon />}
      </button>
      <button
        type="button"
        class="bar-button"
        aria-label="Ten seconds on"
        title="10 s on (.)"
        onClick={() => rewind.step(10_000)}
      >
        <span aria-hidden="true">+10</span>
      </button>
      <fieldset class="rewind-choice">
        <legend class="spoken">Speed</legend>
        {rewindSpeeds.map((speed) => (
          <button
            type="button"
            key={speed}
            aria-pressed={rewind.speed.value === speed}
            aria-label={`${speed} times as fast`}
            onClick={() => rewind.setSpeed(speed)}
          >
            {speed}×
          </button>
        ))}
      </fieldset>
    </div>
  );
}

function Spans() {
  const { rewind } = useApp();
  return (
    <fieldset class="rewind-choice rewind-spans">
      <legend class="spoken">How far the scrubber reaches back</legend>
      {rewindSpans.map(({ label, spoken, spanMs }) => (
        <button
          type="button"
          key={label}
          aria-pressed={rewind.spanMs.value === spanMs}
          aria-label={spoken}
          onClick={() => {
            rewind.spanMs.value = spanMs;
          }}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}

function BackToLive() {
  const { rewind } = useApp();
  return (
    <button
      type="button"
      class="button rewind-live"
      title="Back to live (Escape or R)"
      onClick={() => rewind.backToLive()}
    >
      Back to live
    </button>
  );
}

/** From the left end of the span to now; in whole thousandths, as the browser's own slider. */
function Scrubber() {
  const { addPainter, clock, nowHubMs, rewind } = useApp();
  const input = useRef<HTMLInputElement>(null);
  const isDragged = useRef(false);
  const movedAtMs = useRef(0);
  const spanMs = rewind.spanMs.value;
  const endMs = useSignal(nowHubMs());
  // Before anybody can press a key on it: a slider that nobody has set stands in its middle.
  useLayoutEffect(() => {
    endMs.value = nowHubMs();
    const paint = (nowMs: number) => {
      if (nowMs - endMs.peek() > spanMs / 500) endMs.value = nowMs;
      if (isDragged.current || input.current === null) return;
      const place = String(Math.round(1000 - ((nowMs - clock.nowMs()) / spanMs) * 1000));
      if (input.current.value === place) return;
      input.current.value = place;
      input.current.setAttribute('aria-valuetext', formatFull(clock.nowMs()));
      input.current.style.setProperty('--at', `${Math.max(0, Number(place) / 10)}%`);
    };
    paint(endMs.peek());
    return addPainter(paint);
  }, [spanMs]);
  const go = (isEnd: boolean) => {
    const now = performance.now();
    if (input.current === null || (!isEnd && now - movedAtMs.current < dragEveryMs)) return;
    movedAtMs.current = now;
    input.current.style.setProperty('--at', `${input.current.valueAsNumber / 10}%`);
    rewind.seek(nowHubMs() - (1 - input.current.valueAsNumber / 1000) * spanMs);
  };
  return (
    <div class="rewind-scrubber">
      <input
        ref={input}
        type="range"
        min={0}
        max={1000}
        step={1}
        aria-label="Instant shown"
        onInput={() => {
          isDragged.current = true;
          go(false);
        }}
        onChange={() => {
          isDragged.current = false;
          go(true);
        }}
      />
      <div class="rewind-ticks" aria-hidden="true">
        {Array.from({ length: ticks + 1 }, (_, i) => (
          <span key={i}>{i === ticks ? 'now' : formatTick(endMs.value - spanMs * (1 - i / ticks), spanMs)}</span>
        ))}
      </div>
    </div>
  );
}

function formatTick(timeMs: number, spanMs: number): string {
  if (spanMs > 86_400_000) return new Date(timeMs).toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
  return formatClock(timeMs).slice(0, 5);
}

function Trouble() {
  const { rewind } = useApp();
  const load = rewind.load.value;
  return (
    <p class={`rewind-trouble is-${load.kind}`} role="status">
      {load.kind === 'loading' && 'Fetching the past…'}
      {load.kind === 'failed' && `The past could not be read: ${load.message}. Trying again.`}
    </p>
  );
}
