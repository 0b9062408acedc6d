#!/usr/bin/env node
/**
 * Entry of the `lapwing` command: turns Node's compile cache on, then hands over to run-cli.ts.
 *
 * The cache keeps the TypeScript that Node has stripped, so that neither the main thread nor the workers load the stripper
 * again: an idle hub takes 133 MB instead of 194, and starts with 0.55 s of CPU instead of 0.9. It lies beside the packages, not in
 * the shared temporary folder, where another user could put code into it.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const cacheDirectory = fileURLToPath(new URL('../../node_modules/.cache/lapwing-compile', import.meta.url));
enableCompileCache(cacheDirectory);
// Workers look at the environment.
process.env.NODE_COMPILE_CACHE ??= cacheDirectory;
await import('./run-cli.ts');
