import { afterEach, expect, it } from 'vitest';
import { ensureInstalled, findChromium, findProgram } from './system-packages.ts';

const told = process.env.LAPWING_CHROMIUM;
afterEach(() => {
  if (told === undefined) delete process.env.LAPWING_CHROMIUM;
  else process.env.LAPWING_CHROMIUM = told;
});

it('takes LAPWING_CHROMIUM at its word, or refuses it, but never looks elsewhere', () => {
  process.env.LAPWING_CHROMIUM = process.execPath;
  expect(findChromium()).toBe(process.execPath);
  process.env.LAPWING_CHROMIUM = '/nowhere/chromium';
  expect(() => findChromium()).toThrow('/nowhere/chromium');
});

it('finds programs, and installs nothing that is there', () => {
  expect(findProgram('sh')).toMatch(/\/sh$/);
  expect(findProgram('no-such-program')).toBeNull();
  expect(ensureInstalled('sh', 'a-package-that-is-not', () => '/bin/sh')).toBe('/bin/sh');
});
