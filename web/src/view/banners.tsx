/** What is wrong right now, what is still fine, and what to do: at the top of the page, and only while it is so. No state. */
import type { StoreTrouble } from '../core/app-model.ts';
import { useApp } from './app-context.ts';
import { formatClock } from './clock-text.ts';

export function Banners() {
  const { model } = useApp();
  const trouble = model.storeTrouble.value;
  const link = model.link.value;
  return (
    <>
      {trouble !== null && <StoreBanner trouble={trouble} />}
      {link.kind === 'waiting' && link.attempt > 1 && (
        <div class="banner is-late" role="status">
          <strong>The hub does not answer.</strong>{' '}
          {Number.isNaN(link.lastDataMs)
            ? 'Connecting again by itself; devices keep their readings meanwhile.'
            : `Showing data until ${formatClock(link.lastDataMs)}. Connecting again by itself; devices keep their readings meanwhile.`}
        </div>
      )}
    </>
  );
}

function StoreBanner({ trouble }: { trouble: StoreTrouble }) {
  const isFull = /FULL|ENOSPC/.test(trouble.code);
  return (
    <div class="banner is-down" role="alert">
      <strong>{isFull ? "The hub's disk is full" : 'The hub cannot store readings'}</strong>
      {` since ${formatClock(trouble.sinceMs)}: new readings wait on the devices, nothing acked is lost. `}
      {isFull ? 'Free some space; the hub goes on by itself.' : 'The hub tries again by itself.'}{' '}
      <span class="banner-detail">
        {trouble.code}
        {trouble.message !== '' && trouble.message !== trouble.code ? `: ${trouble.message}` : ''}
      </span>
    </div>
  );
}
