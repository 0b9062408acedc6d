/** Which paths are a view of the page, and for whom. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { StaticPages } from './static-pages.ts';

test('views are for browsers; the first page and files are for everybody', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lapwing-pages-'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html>');
  writeFileSync(join(folder, 'start.js'), '');
  const pages = new StaticPages(folder);
  rmSync(folder, { recursive: true });
  const ask = (path: string, accept: string) =>
    pages.answer(path, { accept, acceptEncoding: '', ifNoneMatch: '' })?.status ?? null;
  const browser = 'text/html,application/xhtml+xml,*/*;q=0.8';
  for (const path of ['/', '/inbox', '/devices/pi.1', '/start.js']) expect(ask(path, browser), path).toBe(200);
  expect(['/', '/start.js', '/inbox', '/health', '/devices/pi.1'].map((path) => ask(path, '*/*'))).toEqual([
    ...[200, 200],
    ...[null, null, null],
  ]);
});
