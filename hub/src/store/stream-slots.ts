/**
 * Finds a stream's place in the group being filled without a Map: two typed arrays by stream key, stamped with the group's id.
 *
 * Owns those arrays; they grow with the highest key (8 bytes each). Keys are small numbers counted up from 1.
 */
export class StreamSlots {
  private groups = new Float64Array(1024);
  private slots = new Uint32Array(1024);

  /** The stream's slot in this group, or `next` if this is its first time there. */
  find(stream: number, group: number, next: number): number {
    if (stream >= this.groups.length) this.grow(stream + 1);
    if (this.groups[stream] === group) return this.slots[stream]!;
    this.groups[stream] = group;
    this.slots[stream] = next;
    return next;
  }

  private grow(need: number): void {
    const length = Math.max(need, this.groups.length * 2);
    const groups = new Float64Array(length);
    groups.set(this.groups);
    this.groups = groups;
    const slots = new Uint32Array(length);
    slots.set(this.slots);
    this.slots = slots;
  }
}
