/** The colour table against WCAG 2: text at 4.5:1, lines and shapes that mean something at 3:1, in both themes. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const css = readFileSync(resolve(import.meta.dirname, '../src/style/tokens.css'), 'utf8');

function readTokens(theme: 'light' | 'dark'): Map<string, string> {
  const pairs = css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g);
  return new Map([...pairs].map(([, name, light, dark]) => [name!, theme === 'light' ? light! : dark!]));
}

/** Relative luminance as WCAG 2.2 defines it. */
function measureLuminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}

function measureContrast(a: string, b: string): number {
  const [low, high] = [measureLuminance(a), measureLuminance(b)].sort((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

const texts = ['text', 'muted', 'accent', 'ok', 'late', 'down'];
const shapes = [
  'edge',
  'ok',
  'late',
  'down',
  'asleep',
  'unknown',
  ...Array.from({ length: 8 }, (_, i) => `series-${i + 1}`),
];

describe.each(['light', 'dark'] as const)('%s colours', (theme) => {
  const tokens = readTokens(theme);
  const against = (name: string, ground: string) => measureContrast(tokens.get(name)!, tokens.get(ground)!);

  it.each(texts)('%s can be read on every ground', (name) => {
    for (const ground of ['bg', 'surface', 'raised']) expect(against(name, ground), ground).toBeGreaterThanOrEqual(4.5);
  });

  it.each(shapes)('%s can be told from its ground', (name) => {
    for (const ground of ['bg', 'surface']) expect(against(name, ground), ground).toBeGreaterThanOrEqual(3);
  });

  it('banners and main buttons can be read', () => {
    expect(against('late', 'late-ground')).toBeGreaterThanOrEqual(4.5);
    expect(against('down', 'down-ground')).toBeGreaterThanOrEqual(4.5);
    expect(against('muted', 'down-ground')).toBeGreaterThanOrEqual(4.5);
    expect(against('on-accent', 'accent')).toBeGreaterThanOrEqual(4.5);
  });
});
