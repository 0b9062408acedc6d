/**
 * A small disk for one hub: a tmpfs in a mount namespace that only the hub's process lives in, so nothing is left behind however
 * it ends. As root, or without it through a user namespace; elsewhere it says what is missing.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';

const ways = [
  ['unshare', '-m'],
  ['unshare', '-Urm'],
];

const tried = ways.map((way) => {
  const [program = '', ...args] = [...way, 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt'];
  return { way, ran: spawnSync(program, args, { encoding: 'utf8' }) };
});
const works = tried.find(({ ran }) => ran.status === 0)?.way;

/** Why there can be no small disk here, '' when there can. */
export const whyNoSmallDisk =
  works !== undefined
    ? ''
    : `needs Linux and either root or unprivileged user namespaces; ${tried
        .map(({ way, ran }) => `${way.join(' ')}: ${ran.error?.message ?? ran.stderr.trim()}`)
        .join('; ')}`;

/** Command in front of node: mounts `bytes` over `folder`, then becomes the hub. */
export function wrapInSmallDisk(folder: string, bytes: number): string[] {
  if (works === undefined) throw new Error(`a small disk ${whyNoSmallDisk}`);
  const script = 'mount -t tmpfs -o "size=$1" none "$2" && shift 2 && exec "$@"';
  return [...works, 'sh', '-c', script, 'sh', String(bytes), folder];
}

/** Fills the disk that process `pid` sees at `folder`. Returns how to make room again. */
export function fillDisk(pid: number, folder: string): () => void {
  const path = `/proc/${pid}/root${folder}/ballast`;
  const file = openSync(path, 'w');
  try {
    for (const size of [65_536, 4_096]) writeUntilFull(file, new Uint8Array(size));
  } finally {
    closeSync(file);
  }
  return () => rmSync(path);
}

function writeUntilFull(file: number, chunk: Uint8Array): void {
  try {
    while (writeSync(file, chunk) === chunk.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
