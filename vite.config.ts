/** Builds the page (index.html, src/client/page) into dist/page, which the server serves at `/`. */

import { defineConfig } from 'vite';

/** `npm exec vite` serves the page alone, with hot reload, against a server started separately. */
const SERVER = 'http://127.0.0.1:8080';

export default defineConfig({
  // Assets are named relative to the page, so that it also works below a path of a reverse proxy.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist/page',
    emptyOutDir: true,
    // The server's content security policy allows neither inline code nor `data:` scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: true,
  },
  server: {
    proxy: { '/api': { target: SERVER, ws: true } },
  },
});
