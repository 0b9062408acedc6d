/**
 * The directory where a device keeps its token and outbox between runs.
 *
 * Owns nothing but paths. Files are 0600 and replaced whole (write, fsync, rename), so a power cut leaves the old or the new one.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { homedir, platform } from 'node:os';
import { join } from 'node:path';

/** `--state`, else systemd's StateDirectory, else XDG's state home (XDG Base Directory Specification), else LOCALAPPDATA. */
export function resolveStateDirectory(chosen: string | undefined, env: NodeJS.ProcessEnv): string {
  if (chosen !== undefined) return chosen;
  if (env.STATE_DIRECTORY) return env.STATE_DIRECTORY.split(':')[0]!;
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'lapwing');
  if (platform() === 'win32' && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, 'lapwing');
  return join(homedir(), '.local', 'state', 'lapwing');
}

export function makeStateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
}

/** Null when there is none, or when it is no JSON. */
export function readStateFile(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(`cannot read ${path}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function writeStateFile(path: string, value: unknown): void {
  const draft = `${path}.${process.pid}.new`;
  const file = openSync(draft, 'w', 0o600);
  try {
    writeSync(file, `${JSON.stringify(value, null, 1)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
}
