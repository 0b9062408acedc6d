/**
 * Tags of devices as people write them: `key:value` or a plain word. The same rules as the hub's (core/device-notes.ts there), so that a
 * slip is told before anything is sent.
 *
 * Owns no state. Invariant: a list that was normalised is sorted, without doubles, and within the bounds.
 */

export const tagsMax = 32;
export const tagLettersMax = 64;
export const labelLettersMax = 80;

/** Letters and digits of any script, and . _ / + - ; one colon at most between key and value. */
const tagPattern = /^[\p{L}\p{N}][\p{L}\p{N}._/+-]*(?::[\p{L}\p{N}._/+-]+)?$/u;

/** Null: fine; else what is wrong with it, as a sentence. */
export function findTagFault(tag: string): string | null {
  if (tag === '') return 'A tag has at least one letter.';
  if (tag.length > tagLettersMax) return `A tag has at most ${tagLettersMax} letters.`;
  if (/\s/.test(tag)) return 'A tag has no spaces; try a hyphen.';
  if (!tagPattern.test(tag)) return 'A tag is a word or key:value, of letters, digits and . _ / + -';
  return null;
}

/** Written tags, apart by spaces or commas. */
export function splitTags(text: string): string[] {
  return text.split(/[\s,]+/).filter((tag) => tag !== '');
}

export function normaliseTags(tags: Iterable<string>): string[] {
  return [...new Set(tags)].sort(compareTags);
}

/** What a device has after some were added and some removed. */
export function editTags(tags: readonly string[], add: readonly string[], remove: readonly string[]): string[] {
  return normaliseTags([...tags.filter((tag) => !remove.includes(tag)), ...add]);
}

export function readTagKey(tag: string): string {
  const colon = tag.indexOf(':');
  return colon < 0 ? '' : tag.slice(0, colon);
}

export function readTagValue(tag: string): string {
  return tag.slice(tag.indexOf(':') + 1);
}

export interface TagUse {
  readonly tag: string;
  readonly devices: number;
}

/** Every tag there is, the most used first. */
export function countTags(devices: Iterable<{ readonly notes: { readonly tags: readonly string[] } }>): TagUse[] {
  const uses = new Map<string, number>();
  for (const { notes } of devices) for (const tag of notes.tags) uses.set(tag, (uses.get(tag) ?? 0) + 1);
  return Array.from(uses, ([tag, count]) => ({ tag, devices: count })).sort(
    (a, b) => b.devices - a.devices || compareTags(a.tag, b.tag),
  );
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function compareTags(a: string, b: string): number {
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}
