import { describe, expect, it } from 'vitest';
import { formatRoute, parseRoute } from './app-route.ts';

describe('routes', () => {
  it.each([
    '/',
    '/?state=offline',
    '/?state=late&q=attic%20pi',
    '/devices/pi-1',
    '/devices/a%3Ab?range=30d',
    '/devices/pi-1?range=1h&from=1760000000000&to=1760000060000',
    '/explore',
    '/explore?s=pi-1/cpu%2C%20user,a%3Ab/x&draw=max&range=6h&from=1760000000000&to=1760000060000',
    '/boards',
    '/board/b%201',
    '/board/b1?kiosk',
    '/share#lw_abc-_9',
    '/add',
    '/settings',
    '/sign-in',
    '/nowhere/at/all',
  ])('%s comes back as it was', (address) => {
    expect(formatRoute(parseRoute(address))).toBe(address);
  });

  it('takes the one-time link from the fragment, and never writes it into an address', () => {
    const route = parseRoute('/sign-in#link=abc_-9');
    expect(route).toEqual({ page: 'sign-in', link: 'abc_-9' });
    expect(formatRoute(route)).toBe('/sign-in');
  });

  it('reads slips of the pen as they stand', () => {
    expect(parseRoute('/?q=50%')).toMatchObject({ page: 'fleet', filter: 'all', text: '50%' });
    expect(parseRoute('/?state=exploded')).toMatchObject({ filter: 'all' });
    expect(parseRoute('/devices/pi-1?range=2y')).toMatchObject({ range: '5m', window: null });
    expect(parseRoute('/devices/pi-1?from=9&to=3')).toMatchObject({ window: null });
    expect(parseRoute('/devices/pi-1?from=3')).toMatchObject({ window: null });
  });
});
