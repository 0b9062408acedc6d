/**
 * How the page is built: `vite build web` from the repository's root writes web/dist, with hashed names, for the hub to serve at `/`.
 *
 * Nothing may be inlined into the HTML: the hub's Content-Security-Policy allows neither inline script nor inline style.
 */
import { defineConfig } from 'vite';

export default defineConfig({
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    outDir: 'dist',
    emptyOutDir: true,
    reportCompressedSize: false,
  },
});
