/**
 * Builds the web page when it is missing or older than what it is made of. Owns nothing; asks only modification times, so a
 * fresh clone builds once and later starts cost nothing.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const sources = ['web/src', 'web/public', 'web/index.html', 'web/vite.config.ts', 'protocol/src', 'package-lock.json'];
const page = join(root, 'web/dist/index.html');

/** True when it had to build; `onStart` is told before. Throws an Error with the builder's own words when that failed. */
export function buildWebIfStale(onStart: () => void = () => undefined): boolean {
  const newestSourceMs = Math.max(...sources.map((source) => newestChangeMs(join(root, source))));
  if (existsSync(page) && statSync(page).mtimeMs >= newestSourceMs) return false;
  onStart();
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  const built = spawnSync(process.execPath, [vite, 'build', 'web', '--logLevel', 'warn'], {
    cwd: root,
    // Whoever asks: with a test runner's `test` the page would be a development build, half again as large.
    env: { ...process.env, NODE_ENV: 'production' },
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`the web page could not be built:\n${built.stdout}${built.stderr}`);
  return true;
}

function newestChangeMs(path: string): number {
  if (!existsSync(path)) return 0;
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestChangeMs(join(path, name))));
}
