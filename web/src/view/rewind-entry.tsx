/**
 * The way into the past: a button, and the place where the scrubber comes when the page is rewound. The scrubber itself is loaded then.
 */
import { useApp } from './app-context.ts';
import { makeLazyPage } from './make-lazy-page.tsx';

const lazyBar = makeLazyPage(async () => (await import('./rewind-bar.tsx')).RewindBar);

export function RewindButton() {
  const { clock, rewind } = useApp();
  const isRewound = clock.mode.value === 'rewound';
  return (
    <button
      type="button"
      class="bar-button rewind-button"
      aria-pressed={isRewound}
      aria-label="Rewind the page"
      title="Rewind the whole page (R)"
      onClick={() => (isRewound ? rewind.backToLive() : rewind.enter())}
    >
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <path
          d="M3.5 9a5.5 5.5 0 1 0 1.9-4.2M5.6 2v3h3M9 6v3.4l2.4 1.4"
          fill="none"
          stroke="currentColor"
          stroke-width="1.5"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>
    </button>
  );
}

export function RewindSlot() {
  const { clock } = useApp();
  return clock.mode.value === 'rewound' ? <lazyBar.Page /> : null;
}
