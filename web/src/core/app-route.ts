/**
 * The address bar as a value: which page, and what of its state lives in the URL.
 *
 * Owns no state. Invariant: `formatRoute(parseRoute(x))` is a fixed point. Refuses to touch `location`: edge/ does that.
 */
import { type FleetLook, plainLook, readLook, writeLook } from './fleet-look.ts';
import { type FleetStatus, fleetStatuses } from './fleet-status.ts';
import { type RangeName, readRangeName } from './time-range.ts';
import { readWindow, type TimeWindow } from './time-window.ts';

/** `warning` lies across the others. */
export type FleetFilter = 'all' | FleetStatus | 'warning';
const fleetFilters: readonly FleetFilter[] = ['all', ...fleetStatuses, 'warning'];

export type Route =
  | { readonly page: 'fleet'; readonly filter: FleetFilter; readonly text: string; readonly look: FleetLook }
  | {
      readonly page: 'device';
      readonly deviceId: string;
      readonly range: RangeName;
      /** The stretch held still; null: live. `range` is what live goes back to. */
      readonly window: TimeWindow | null;
      /** Which of many charts are shown; empty: all. */
      readonly text: string;
    }
  | {
      readonly page: 'explore';
      readonly range: RangeName;
      readonly window: TimeWindow | null;
      /** The rest of the query, as it stands: explore-state.ts reads it when the page is loaded. */
      readonly look: string;
    }
  | { readonly page: 'boards' }
  | { readonly page: 'board'; readonly boardId: string; readonly mode: 'usual' | 'kiosk' }
  /** A board by a link: `secret` lets whoever has it see this one board. */
  | { readonly page: 'share'; readonly secret: string }
  | { readonly page: 'inbox' }
  | { readonly page: 'add' }
  | { readonly page: 'settings' }
  | { readonly page: 'sign-in'; readonly link: string }
  | { readonly page: 'missing'; readonly path: string };

export type FleetRoute = Extract<Route, { page: 'fleet' }>;

/** `address` is path + query + fragment, as in `/devices/pi-1?range=1h`. */
export function parseRoute(address: string): Route {
  const [beforeHash = '', hash = ''] = splitOnce(address, '#');
  const [path = '/', query = ''] = splitOnce(beforeHash, '?');
  const params = parseQuery(query);
  if (path === '/') {
    const filter = fleetFilters.find((name) => name === params.get('state')) ?? 'all';
    return { page: 'fleet', filter, text: (params.get('q') ?? '').slice(0, 1000), look: readLook(params) };
  }
  const device = /^\/devices\/([^/]+)$/.exec(path);
  if (device !== null) {
    const range = readRangeName(params.get('range'));
    const window = readWindow(params.get('from'), params.get('to'));
    return { page: 'device', deviceId: decodeText(device[1] ?? ''), range, window, text: params.get('q') ?? '' };
  }
  if (path === '/explore') {
    const range = params.has('range') ? readRangeName(params.get('range')) : '1h';
    const window = readWindow(params.get('from'), params.get('to'));
    const look = query.split('&').filter((part) => !/^(range|from|to|at)=/.test(part));
    return { page: 'explore', range, window, look: look.join('&') };
  }
  if (path === '/boards') return { page: 'boards' };
  const board = /^\/board\/([^/]+)$/.exec(path);
  if (board !== null) {
    return { page: 'board', boardId: decodeText(board[1] ?? ''), mode: params.has('kiosk') ? 'kiosk' : 'usual' };
  }
  if (path === '/share') return { page: 'share', secret: hash };
  if (path === '/inbox') return { page: 'inbox' };
  if (path === '/add') return { page: 'add' };
  if (path === '/settings') return { page: 'settings' };
  if (path === '/sign-in') return { page: 'sign-in', link: parseQuery(hash).get('link') ?? '' };
  return { page: 'missing', path };
}

/** The address of a route. The one-time link of the sign-in page is left out on purpose: it must not stay in the history. */
export function formatRoute(route: Route): string {
  switch (route.page) {
    case 'fleet': {
      const parts: string[] = [];
      if (route.filter !== 'all') parts.push(`state=${route.filter}`);
      if (route.text !== '') parts.push(`q=${encodeURIComponent(route.text)}`);
      parts.push(...writeLook(route.look));
      return parts.length === 0 ? '/' : `/?${parts.join('&')}`;
    }
    case 'device': {
      const parts: string[] = [];
      if (route.range !== '5m') parts.push(`range=${route.range}`);
      if (route.window !== null) parts.push(`from=${route.window.fromMs}`, `to=${route.window.toMs}`);
      if (route.text !== '') parts.push(`q=${encodeURIComponent(route.text)}`);
      return `/devices/${encodeURIComponent(route.deviceId)}${parts.length === 0 ? '' : `?${parts.join('&')}`}`;
    }
    case 'explore': {
      const parts = [route.look];
      if (route.range !== '1h') parts.push(`range=${route.range}`);
      if (route.window !== null) parts.push(`from=${route.window.fromMs}`, `to=${route.window.toMs}`);
      const query = parts.filter((part) => part !== '').join('&');
      return query === '' ? '/explore' : `/explore?${query}`;
    }
    case 'boards':
      return '/boards';
    case 'board':
      return `/board/${encodeURIComponent(route.boardId)}${route.mode === 'kiosk' ? '?kiosk' : ''}`;
    case 'share':
      return `/share#${route.secret}`;
    case 'inbox':
      return '/inbox';
    case 'add':
      return '/add';
    case 'settings':
      return '/settings';
    case 'sign-in':
      return '/sign-in';
    case 'missing':
      return route.path;
  }
}

/** A device's live page over the usual range. */
export function makeDeviceRoute(deviceId: string): Route {
  return { page: 'device', deviceId, range: '5m', window: null, text: '' };
}

export const fleetRoute: FleetRoute = { page: 'fleet', filter: 'all', text: '', look: plainLook };

function splitOnce(text: string, mark: string): string[] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function parseQuery(query: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const part of query.split('&')) {
    const [name = '', value = ''] = splitOnce(part, '=');
    if (name !== '') params.set(name, decodeText(value));
  }
  return params;
}

/** A stray `%` in an address is a typing slip, not a fault: it is then read as it stands. */
function decodeText(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
