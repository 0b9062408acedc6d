/**
 * What the tests need from the operating system and npm cannot bring: Chromium, and the tools that make small disks. Finds
 * each, installs it where it may (root, with apt-get), and otherwise throws an error that names the command to run. It never
 * lets a test be skipped for want of a package, and it installs nothing that is there already.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';

const chromiumPaths = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Path of a Chromium, or null. `LAPWING_CHROMIUM` wins, and is taken at its word or refused, never passed over. */
export function findChromium(): string | null {
  const told = process.env.LAPWING_CHROMIUM;
  if (told !== undefined && told !== '') {
    if (!isExecutable(told)) throw new Error(`LAPWING_CHROMIUM names ${told}, which cannot be run`);
    return told;
  }
  return [...chromiumPaths, chromium.executablePath()].find(isExecutable) ?? null;
}

/** Path of a program on PATH or in the system folders that users' PATHs leave out, or null. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

/** Installs a Debian package for `find` when it finds nothing; throws an Error that says what to run when it may not. */
export function ensureInstalled(what: string, debianPackage: string, find: () => string | null): string {
  const there = find();
  if (there !== null) return there;
  const install = `apt-get install -y --no-install-recommends ${debianPackage}`;
  if (findProgram('apt-get') !== null && process.getuid?.() === 0) {
    console.error(`${what} is missing; running: apt-get update && ${install}`);
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    for (const command of ['apt-get update', install]) {
      const [program = '', ...args] = command.split(' ');
      spawnSync(program, args, { env: environment, stdio: ['ignore', 'ignore', 'inherit'], timeout: 600_000 });
    }
    const found = find();
    if (found !== null) return found;
    throw new Error(`${what} is still missing after: ${install}${otherWay(debianPackage)}`);
  }
  const asRoot = findProgram('apt-get') === null ? '' : ` Run: sudo ${install}`;
  throw new Error(`${what} is missing.${asRoot}${otherWay(debianPackage)}`);
}

function otherWay(debianPackage: string): string {
  if (debianPackage !== 'chromium') return '';
  return '\nElse: npx playwright-core install --with-deps chromium, or set LAPWING_CHROMIUM to a Chromium you have.';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
