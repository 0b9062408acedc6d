/** What a browser must load before the first screen stands, compressed as a hub would. Needs a build; the gate makes one before. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const dist = resolve(import.meta.dirname, '../dist');
const firstScreenBytesMax = 70_000;

function listFirstFiles(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((match) => match[1]!);
}

describe('the built page', () => {
  it('loads at most 70 kB of script and style for the first screen', () => {
    expect(existsSync(join(dist, 'index.html')), 'run npm run build first').toBe(true);
    const files = listFirstFiles(readFileSync(join(dist, 'index.html'), 'utf8'));
    expect(files.some((file) => file.endsWith('.js'))).toBe(true);
    expect(files.some((file) => file.endsWith('.css'))).toBe(true);
    const bytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);
    console.info(`first screen: ${(bytes / 1000).toFixed(1)} kB gzip in ${files.length} files`);
    expect(bytes).toBeLessThanOrEqual(firstScreenBytesMax);
  });

  it('holds nothing inline, so that the hub’s content policy can forbid it', () => {
    const html = readFileSync(join(dist, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<style|style="|\son[a-z]+="/);
    for (const tag of html.matchAll(/<script[^>]*>/g)) expect(tag[0]).toContain('src="/');
  });
});
