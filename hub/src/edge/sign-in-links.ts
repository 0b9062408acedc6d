/**
 * One-time sign-in links, as files: DATA/sign-in-links/<hash of the token>.
 *
 * Files, so that `lapwing sign-in-link` can make one whether or not the hub runs, with no other right than that to the
 * data directory. Redeeming unlinks the file: the file system makes sure that exactly one redeemer succeeds.
 */
import { mkdir, readdir, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashToken, makeToken } from './secrets.ts';

export const linkLifeMs = 24 * 3_600_000;

function folderOf(dataDirectory: string): string {
  return join(dataDirectory, 'sign-in-links');
}

export async function makeSignInLink(dataDirectory: string): Promise<string> {
  const folder = folderOf(dataDirectory);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const token = makeToken();
  await writeFile(join(folder, hashToken(token)), '', { mode: 0o600, flag: 'wx' });
  return token;
}

/** True once per link, within a day of its making. */
export async function redeemSignInLink(dataDirectory: string, token: string, nowMs: number): Promise<boolean> {
  const file = join(folderOf(dataDirectory), hashToken(token));
  try {
    const { mtimeMs } = await stat(file);
    await unlink(file);
    return nowMs - mtimeMs < linkLifeMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

export async function removeOldSignInLinks(dataDirectory: string, nowMs: number): Promise<void> {
  const folder = folderOf(dataDirectory);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    if (nowMs - (await stat(file)).mtimeMs >= linkLifeMs) await unlink(file);
  }
}
