/**
 * The address bar: read, written, and followed when the person goes back or clicks a link.
 *
 * Owns the listeners on window and document. Invariant: a plain click on a link of this page never loads it anew; a click with
 * a modifier is the browser's business.
 */

export function readAddress(): string {
  return location.pathname + location.search + location.hash;
}

export function writeAddress(address: string, how: 'push' | 'replace'): void {
  if (how === 'push') history.pushState(null, '', address);
  else history.replaceState(null, '', address);
}

export function followAddress(addressOnChange: (address: string) => void): void {
  addEventListener('popstate', () => addressOnChange(readAddress()));
  addEventListener('hashchange', () => addressOnChange(readAddress()));
  document.addEventListener('click', (event) => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.target !== '' || link.origin !== location.origin || link.hasAttribute('download')) return;
    if (link.getAttribute('href')?.startsWith('#') === true) return;
    event.preventDefault();
    if (link.href === location.href) return;
    writeAddress(link.pathname + link.search + link.hash, 'push');
    addressOnChange(readAddress());
  });
}
