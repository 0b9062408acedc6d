/**
 * A disk that can lose power: a file behind a loop device with an ext4 on it. What the file holds is what has reached the "disk";
 * what the kernel still has in memory is lost with a copy of it. Owns its loop devices, mounts and files, and gives all of them
 * back in `close`, whatever state they are in. Needs root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { constants, copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../system-packages.ts';

const imageBytes = 128 * 2 ** 20;
const tools = ['losetup', 'mkfs.ext4', 'mount', 'umount', 'e2fsck'];

/** Why there can be no such disk here, or null when there can. */
export function whyNoLoopDisk(): string | null {
  if (process.platform !== 'linux') return 'power cuts need loop devices, so Linux.';
  if (process.getuid?.() !== 0)
    return 'power cuts need root, for loop devices and mounts. Run: sudo npm run soak -- --power-cuts 10';
  const missing = tools.filter((tool) => findProgram(tool) === null);
  if (missing.length > 0) {
    return `power cuts need ${missing.join(', ')}. Run: apt-get install -y --no-install-recommends e2fsprogs mount util-linux`;
  }
  return null;
}

function run(tool: string, ...args: string[]): string {
  return execFileSync(findProgram(tool) ?? tool, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
}

const open = new Set<LoopDisk>();
// A signal in the middle of a round must not leave mounts behind.
process.on('exit', () => {
  for (const disk of open) disk.close();
});

export class LoopDisk {
  /** Where the mounted file system is. */
  readonly folder: string;
  /** With direct I/O the kernel keeps no second copy of the blocks; without it, the copy is just as true, but slower. */
  readonly isDirect: boolean;
  private readonly scratch: string;
  private readonly image: string;
  private device = '';
  private isMounted = false;

  private constructor(scratch: string, image: string) {
    this.scratch = scratch;
    this.image = image;
    this.folder = join(scratch, 'mounted');
    mkdirSync(this.folder);
    const direct = spawnSync(findProgram('losetup')!, ['--find', '--show', '--direct-io=on', image], {
      encoding: 'utf8',
    });
    this.isDirect = direct.status === 0;
    open.add(this);
    this.device = (this.isDirect ? direct.stdout : run('losetup', '--find', '--show', image)).trim();
  }

  /** A fresh, empty disk, mounted. */
  static make(): LoopDisk {
    const scratch = mkdtempSync(join(tmpdir(), 'lapwing-disk-'));
    const image = join(scratch, 'image');
    writeFileSync(image, '');
    truncateSync(image, imageBytes);
    return LoopDisk.begin(scratch, image, ['-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0']);
  }

  /** What another disk holds at this moment, as a new machine would find it after the power came back: not mounted yet. */
  static copyOf(other: LoopDisk): LoopDisk {
    const scratch = mkdtempSync(join(tmpdir(), 'lapwing-disk-'));
    const image = join(scratch, 'image');
    copyFileSync(other.image, image, constants.COPYFILE_FICLONE);
    return LoopDisk.begin(scratch, image, null);
  }

  private static begin(scratch: string, image: string, format: string[] | null): LoopDisk {
    let disk: LoopDisk | null = null;
    try {
      disk = new LoopDisk(scratch, image);
      if (format === null) return disk;
      run('mkfs.ext4', ...format, disk.device);
      disk.mount();
      return disk;
    } catch (error) {
      if (disk === null) rmSync(scratch, { recursive: true, force: true });
      else disk.close();
      throw error;
    }
  }

  mount(): void {
    run('mount', '-t', 'ext4', this.device, this.folder);
    this.isMounted = true;
  }

  close(): void {
    open.delete(this);
    // Lazily, because whoever still has a file open there was killed a moment ago.
    if (this.isMounted) spawnSync(findProgram('umount')!, ['-l', this.folder]);
    this.isMounted = false;
    if (this.device !== '') spawnSync(findProgram('losetup')!, ['-d', this.device]);
    this.device = '';
    rmSync(this.scratch, { recursive: true, force: true, maxRetries: 3, retryDelay: 200 });
  }
}
