/**
 * What people write on devices: a label to call it by, and tags (`site:north`, `roof`).
 *
 * Owns the hub's memory of them; the store keeps them. Invariants: a device has at most `tagsMax` tags, sorted and without doubles; an
 * edit of several devices happens to all of them or to none; of two edits at once neither undoes the other, because each is made on
 * what is in memory, and put back only where the store refuses it.
 */
import type { DeviceKey, StoreChange, StoredDeviceNotes } from './ports.ts';

export const tagsMax = 32;
export const tagLettersMax = 64;
export const labelLettersMax = 80;
/** A word, or key:value; letters and digits of any script. */
export const tagPattern = /^[\p{L}\p{N}][\p{L}\p{N}._/+-]*(?::[\p{L}\p{N}._/+-]+)?$/u;

export interface DeviceText {
  readonly label: string;
  readonly tags: readonly string[];
}

const nothing: DeviceText = { label: '', tags: [] };

export class DeviceNotes {
  private readonly known = new Map<DeviceKey, DeviceText>();
  private readonly commit: (change: StoreChange) => Promise<void>;

  constructor(stored: readonly StoredDeviceNotes[], commit: (change: StoreChange) => Promise<void>) {
    this.commit = commit;
    for (const { device, label, tags } of stored) this.known.set(device, { label, tags });
  }

  of(device: DeviceKey): DeviceText {
    return this.known.get(device) ?? nothing;
  }

  /** Every tag there is with how many devices have it, the most used first. */
  listTags(): { tag: string; devices: number }[] {
    const uses = new Map<string, number>();
    for (const { tags } of this.known.values()) for (const tag of tags) uses.set(tag, (uses.get(tag) ?? 0) + 1);
    return Array.from(uses, ([tag, devices]) => ({ tag, devices })).sort(
      (a, b) => b.devices - a.devices || (a.tag < b.tag ? -1 : 1),
    );
  }

  /** Durable when it resolves. Returns the device that would get too many tags, if there is one; then nothing was changed. */
  async edit(devices: readonly DeviceKey[], make: (before: DeviceText) => DeviceText): Promise<DeviceKey | null> {
    const notes: StoredDeviceNotes[] = [];
    for (const device of new Set(devices)) {
      const { label, tags } = make(this.of(device));
      const sorted = [...new Set(tags)].sort();
      if (sorted.length > tagsMax) return device;
      notes.push({ device, label, tags: sorted });
    }
    const before = notes.map(({ device }) => this.known.get(device));
    for (const one of notes) this.known.set(one.device, one);
    try {
      await this.commit({ kind: 'deviceNotes', notes });
    } catch (cause) {
      notes.forEach((one, i) => {
        // Somebody else's edit of meanwhile stands: it was made on this one, and the store will say what it thinks of that.
        if (this.known.get(one.device) === one) this.known.set(one.device, before[i] ?? nothing);
      });
      throw cause;
    }
    return null;
  }
}
