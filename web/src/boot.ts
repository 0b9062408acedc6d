/**
 * The first script of the page. Owns nothing: it lets the browser paint the frame that stands in index.html, then starts the page, whose
 * code is on its way meanwhile (vite.config.ts preloads it). On a slow processor reading that code takes as long as all before it.
 */
const start = (): void => void import('./main.tsx');

// A hidden page is granted no frames.
if (document.visibilityState === 'hidden') start();
else requestAnimationFrame(() => setTimeout(start, 0));
