/**
 * The keys of the whole page: palette, help, previous and next device.
 *
 * Owns one listener. Invariant: a key that a field, a button or an open dialogue wants is left to it, and a key with a modifier
 * is the browser's but for the palette's own.
 */
import type { Route } from '../core/app-route.ts';
import { rankNames } from '../core/fleet-order.ts';
import type { App } from './app-context.ts';

export function isForPage(event: KeyboardEvent): boolean {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.target instanceof Element ? event.target : null;
  if (target === null) return true;
  if (target.closest('input, textarea, select, dialog, [contenteditable]') !== null) return false;
  // A button or link that has the focus is worked by these.
  return !((event.key === ' ' || event.key === 'Enter') && target.closest('button, a, summary') !== null);
}

export function followPageKeys(app: App): void {
  document.addEventListener('keydown', (event) => {
    if (app.model.session.peek().state !== 'signed-in') return;
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      app.model.overlay.value = app.model.overlay.peek() === 'palette' ? null : 'palette';
      return;
    }
    if (!isForPage(event) || app.model.overlay.peek() !== null) return;
    const step =
      event.key === 'ArrowLeft' || event.key === 'h' ? -1 : event.key === 'ArrowRight' || event.key === 'l' ? 1 : 0;
    if (event.key === '?') app.model.overlay.value = 'keys';
    else if (step !== 0 && !event.shiftKey) stepDevice(app, step);
    else return;
    event.preventDefault();
  });
}

/** By name and round in a circle; range and window stay. */
function stepDevice(app: App, step: number): void {
  const route = app.routeAhead();
  if (route.page !== 'device') return;
  const next = findNeighbour(app, route, step);
  if (next !== null) app.navigate({ ...route, deviceId: next }, 'replace');
  else if (app.model.fleetLoad.peek() !== 'ready') {
    // Opened at this very page: the names of the others have to be fetched first.
    const end = app.model.fleetLoad.subscribe((load) => {
      if (load !== 'ready') return;
      const found = findNeighbour(app, route, step);
      if (found !== null && app.model.route.peek() === route) app.navigate({ ...route, deviceId: found }, 'replace');
      queueMicrotask(() => end());
    });
    app.loadFleet();
  }
}

function findNeighbour(app: App, route: Extract<Route, { page: 'device' }>, step: number): string | null {
  if (app.model.fleetLoad.peek() !== 'ready') return null;
  const devices = [...app.model.feed.devices.values()];
  rankNames(devices);
  devices.sort((a, b) => a.nameRank - b.nameRank);
  const at = devices.findIndex((device) => device.id === route.deviceId);
  if (at < 0 || devices.length < 2) return null;
  return devices[(at + step + devices.length) % devices.length]!.id;
}
