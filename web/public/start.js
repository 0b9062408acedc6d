// Runs before the first paint. A file of its own: the page allows no inline script.
(() => {
  // A chosen theme never flashes the other one.
  try {
    const theme = localStorage.getItem('lapwing.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden: then the system's theme holds.
  }
  // The frame that stands in index.html is that of the fleet.
  if (location.pathname === '/') document.documentElement.dataset.shell = '';
  // What the page asks the hub first, asked while its modules are still being read: on a slow processor that takes longer than the
  // answers. early-answers.ts hands them on. Who came by a share link is nobody here; a stranger is asked for nothing that would be refused.
  if (location.pathname.startsWith('/share')) return;
  const early = {};
  globalThis.lapwingEarly = early;
  const ask = (path) => fetch(path, { headers: { accept: 'application/json' } }).catch(() => null);
  const ways = ask('/api/v1/sign-in-ways');
  early['/api/v1/sign-in-ways'] = ways;
  const isSignedIn = ways.then(
    async (answer) => answer?.ok === true && (await answer.clone().json()).signedIn === true,
  );
  const askSignedIn = (path) => {
    early[path] = isSignedIn.then((is) => (is ? ask(path) : null)).catch(() => null);
  };
  askSignedIn('/api/v1/session');
  if (location.pathname === '/') askSignedIn('/api/v1/devices');
})();
