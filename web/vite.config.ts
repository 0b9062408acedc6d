/**
 * How the page is built: `vite build web` from the repository's root writes web/dist, with hashed names, for the hub to serve at `/`.
 *
 * Nothing may be inlined into the HTML: the hub's Content-Security-Policy allows neither inline script nor inline style.
 */
import { defineConfig, type IndexHtmlTransformContext } from 'vite';

/**
 * Between the elements of the shell stands nothing: Preact takes them over as they are, and space would be text to throw away. The page's
 * own code starts after the first paint (src/boot.ts), but is fetched at once.
 */
function writeFirstScreen(html: string, { bundle }: IndexHtmlTransformContext) {
  const chunks = Object.values(bundle ?? {}).filter((file) => file.type === 'chunk');
  const main = chunks.find(({ facadeModuleId }) => facadeModuleId?.endsWith('/src/main.tsx') === true);
  const files = main === undefined ? [] : [main.fileName, ...main.imports];
  return {
    html: html.replace(/>\s+</g, '><'),
    tags: files
      .filter((file) => !html.includes(file))
      .map((file) => ({
        tag: 'link',
        attrs: { rel: 'modulepreload', crossorigin: true, href: `/${file}` },
        injectTo: 'head' as const,
      })),
  };
}

export default defineConfig({
  plugins: [{ name: 'first-screen', transformIndexHtml: { order: 'post', handler: writeFirstScreen } }],
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
    // What the first screen shares with later pages is one file instead of nine: a twentieth fewer bytes.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            {
              name: 'shared',
              test: /preact|\/core\/(?:display-style|number-format|fleet-(?:status|columns|order)|metric-family|board-content|app-route)|\/view\/(?:icons|page-keys|app-context|device-names)/,
            },
          ],
        },
      },
    },
  },
});
