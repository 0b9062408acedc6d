/** The frame of every page: rail, top bar, banners, and the page that the route names. Owns nothing but the lazily loaded page. */
import { useComputed } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Route } from '../core/app-route.ts';
import { displayVersion } from '../core/display-style.ts';
import { nameOf } from '../core/fleet-order.ts';
import { findRange } from '../core/time-range.ts';
import { useApp } from './app-context.ts';
import { Banners } from './banners.tsx';
import { FleetPage } from './fleet-page.tsx';
import { LapwingMark } from './icons.tsx';
import {
  lazyAddPage,
  lazyBoardPage,
  lazyBoardsPage,
  lazyDevicePage,
  lazyExplorePage,
  lazyInboxPage,
  lazyOverlays,
  lazySettingsPage,
  lazySharePage,
  lazySignInPage,
} from './lazy-page.tsx';
import { NavRail } from './nav-rail.tsx';
import { RewindSlot } from './rewind-entry.tsx';
import { TopBar } from './top-bar.tsx';

export function AppFrame() {
  const { model } = useApp();
  const isCut = useComputed(() => model.link.value.kind === 'waiting');
  const session = model.session.value;
  const route = model.route.value;
  const deviceName = useComputed(() => {
    void model.structure.value;
    const here = model.route.value;
    if (here.page !== 'device') return '';
    const device = model.feed.devices.get(here.deviceId);
    return device === undefined ? here.deviceId : nameOf(device);
  }).value;
  useEffect(() => {
    document.title = titleOf(route, deviceName);
  }, [route, deviceName]);
  if (route.page === 'share') return <lazySharePage.Page secret={route.secret} />;
  // The fleet's frame stands in index.html already, and stays while the hub is asked who this is.
  if (session.state === 'unknown' && route.page !== 'fleet') {
    return (
      <main class="waiting" aria-busy="true">
        <LapwingMark size={40} />
      </main>
    );
  }
  if (session.state === 'signed-out' || route.page === 'sign-in') return <lazySignInPage.Page />;
  if (route.page === 'board' && route.mode === 'kiosk') {
    return <lazyBoardPage.Page key={route.boardId} boardId={route.boardId} mode="kiosk" />;
  }
  return (
    <div class={isCut.value ? 'frame is-cut' : 'frame'}>
      <button type="button" class="skip" onClick={() => document.getElementById('page')?.focus()}>
        Skip to content
      </button>
      <NavRail />
      <TopBar />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard must be able to reach it */}
      <main id="page" class="page" tabIndex={0}>
        <Banners />
        {/* Another unit or zone: everything is written anew, but for the form in which somebody is choosing it. */}
        <CurrentPage key={route.page === 'settings' ? 'settings' : displayVersion.value} />
      </main>
      <RewindSlot />
      <OverlaySlot />
    </div>
  );
}

/** Of its own, so that to open and close it does not render the page below. */
function OverlaySlot() {
  const overlay = useApp().model.overlay.value;
  return overlay === null ? null : <lazyOverlays.Page key={overlay} />;
}

function CurrentPage() {
  const { model } = useApp();
  const route = model.route.value;
  switch (route.page) {
    case 'fleet':
      return <FleetPage route={route} />;
    case 'device':
      return (
        <lazyDevicePage.Page
          key={route.deviceId}
          deviceId={route.deviceId}
          range={findRange(route.range)}
          window={route.window}
        />
      );
    case 'explore':
      return <lazyExplorePage.Page route={route} />;
    case 'boards':
      return <lazyBoardsPage.Page />;
    case 'board':
      return <lazyBoardPage.Page key={route.boardId} boardId={route.boardId} mode="usual" />;
    case 'inbox':
      return <lazyInboxPage.Page />;
    case 'add':
      return <lazyAddPage.Page />;
    case 'settings':
      return <lazySettingsPage.Page />;
    default:
      return (
        <section class="notice">
          <h1>There is no such page</h1>
          <p>
            Nothing lives at this address. <a href="/">Go to the fleet</a>.
          </p>
        </section>
      );
  }
}

function titleOf(route: Route, device: string): string {
  switch (route.page) {
    case 'device':
      return `${device} · Lapwing`;
    case 'explore':
      return 'Explore · Lapwing';
    case 'boards':
    case 'board':
    case 'share':
      return 'Boards · Lapwing';
    case 'inbox':
      return 'Inbox · Lapwing';
    case 'add':
      return 'Add a device · Lapwing';
    case 'settings':
      return 'Settings · Lapwing';
    case 'sign-in':
      return 'Sign in · Lapwing';
    default:
      return 'Fleet · Lapwing';
  }
}
