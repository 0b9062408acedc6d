/** The rail at the left (on a phone the bar at the bottom): only the pages that exist. No state. */
import { useApp } from './app-context.ts';
import { BoardsIcon, ExploreIcon, FleetIcon, InboxIcon, LapwingMark, SettingsIcon, ThemeIcon } from './icons.tsx';

export function NavRail() {
  const { model, setTheme } = useApp();
  const page = model.route.value.page;
  const isDark = model.isDark.value;
  return (
    <nav class="rail" aria-label="Pages">
      <a class="rail-home" href="/" aria-label="Lapwing, fleet">
        <LapwingMark size={26} />
      </a>
      <RailLink href="/" label="Fleet" current={page === 'fleet' || page === 'device'}>
        <FleetIcon />
      </RailLink>
      <RailLink href="/explore" label="Explore" current={page === 'explore'}>
        <ExploreIcon />
      </RailLink>
      <RailLink href="/boards" label="Boards" current={page === 'boards' || page === 'board'}>
        <BoardsIcon />
      </RailLink>
      <InboxLink isCurrent={page === 'inbox'} />
      <RailLink href="/settings" label="Settings" current={page === 'settings'}>
        <SettingsIcon />
      </RailLink>
      <button
        type="button"
        class="rail-item rail-end"
        aria-label={isDark ? 'Use the light theme' : 'Use the dark theme'}
        onClick={() => setTheme(isDark ? 'light' : 'dark')}
      >
        <ThemeIcon dark={isDark} />
        <span class="rail-label">{isDark ? 'Light' : 'Dark'}</span>
      </button>
    </nav>
  );
}

function InboxLink({ isCurrent }: { isCurrent: boolean }) {
  const waiting = useApp().model.waiting.value;
  const label = waiting === 0 ? 'Inbox' : `Inbox, ${waiting} ${waiting === 1 ? 'waits' : 'wait'}`;
  return (
    <RailLink href="/inbox" label={label} current={isCurrent}>
      <InboxIcon />
      {waiting > 0 && (
        <span class="rail-count" aria-hidden="true">
          {waiting > 99 ? '99+' : waiting}
        </span>
      )}
    </RailLink>
  );
}

function RailLink(props: { href: string; label: string; current: boolean; children: preact.ComponentChildren }) {
  return (
    <a class="rail-item" href={props.href} aria-current={props.current ? 'page' : undefined}>
      {props.children}
      <span class="rail-label">{props.label}</span>
    </a>
  );
}
