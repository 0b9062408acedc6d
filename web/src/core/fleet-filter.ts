/**
 * The fleet's text filter: words, and `field:value` for what a device is.
 *
 * Owns a cache of lower-case texts, one per device, which follows the device's own. Grammar: words apart by spaces must all hold;
 * quotes keep a space; a minus in front turns a word round; `tag: status: model: firmware: name:` name a field, values apart by commas
 * are alternatives; any other `key:value` is that tag. Invariant: every text is a filter: there is no wrong one.
 */
import type { DeviceRecord } from './feed-state.ts';
import { fleetStatuses, isWarned, judgeStatus } from './fleet-status.ts';

type Field = 'any' | 'tag' | 'status' | 'model' | 'firmware' | 'name';
const fields: readonly Field[] = ['tag', 'status', 'model', 'firmware', 'name'];

export interface FilterTerm {
  readonly field: Field;
  /** Lower case; one of them must hold. */
  readonly values: readonly string[];
  readonly isNot: boolean;
}

export function parseFilter(text: string): FilterTerm[] {
  const terms: FilterTerm[] = [];
  for (const [word] of text.toLowerCase().matchAll(/(?:"[^"]*"?|\S)+/g)) {
    const isNot = word.startsWith('-') && word.length > 1;
    const plain = isNot ? word.slice(1) : word;
    const colon = plain.startsWith('"') ? -1 : plain.indexOf(':');
    const head = colon > 0 ? plain.slice(0, colon) : '';
    const field = fields.find((one) => one === head);
    // `site:north` is the tag of that name; a colon inside quotes is a letter like others.
    const isTag = field === undefined && colon > 0;
    const rest = (field === undefined ? plain : plain.slice(colon + 1)).replaceAll('"', '');
    const values = field === undefined ? [rest] : rest.split(',');
    const wanted = values.filter((value) => value !== '');
    if (wanted.length > 0) terms.push({ field: field ?? (isTag ? 'tag' : 'any'), values: wanted, isNot });
  }
  return terms;
}

interface Texts {
  readonly model: string;
  readonly firmware: string;
  readonly label: string;
  readonly tags: readonly string[];
  readonly lower: Readonly<Record<'name' | 'model' | 'firmware' | 'all', string>>;
  readonly lowerTags: readonly string[];
}

const known = new WeakMap<DeviceRecord, Texts>();

/** Making lower-case texts of ten thousand devices at every letter typed would be a long frame. */
function textsOf(device: DeviceRecord): Texts {
  const { model, firmware, notes } = device;
  const before = known.get(device);
  if (
    before !== undefined &&
    before.tags === notes.tags &&
    before.model === model &&
    before.firmware === firmware &&
    before.label === notes.label
  ) {
    return before;
  }
  const lowerTags = notes.tags.map((tag) => tag.toLowerCase());
  const lower = {
    name: `${device.id} ${notes.label}`.toLowerCase(),
    model: model.toLowerCase(),
    firmware: firmware.toLowerCase(),
    all: '',
  };
  lower.all = `${lower.name} ${lower.model} ${lower.firmware} ${lowerTags.join(' ')}`;
  const texts = { model, firmware, label: notes.label, tags: notes.tags, lower, lowerTags };
  known.set(device, texts);
  return texts;
}

export function matchesFilter(device: DeviceRecord, terms: readonly FilterTerm[], nowMs: number): boolean {
  if (terms.length === 0) return true;
  const texts = textsOf(device);
  return terms.every(
    (term) => term.values.some((value) => holds(device, texts, { ...term, value, nowMs })) !== term.isNot,
  );
}

function holds(device: DeviceRecord, texts: Texts, wanted: { field: Field; value: string; nowMs: number }): boolean {
  const { field, value, nowMs } = wanted;
  switch (field) {
    case 'any':
      return texts.lower.all.includes(value);
    case 'tag':
      return texts.lowerTags.some((tag) => matchesTag(tag, value));
    case 'status':
      if ('warning'.startsWith(value)) return isWarned(device, nowMs);
      return judgeStatus(device) === fleetStatuses.find((status) => status.startsWith(value));
    default:
      return texts.lower[field].includes(value);
  }
}

/** `north` is the plain tag, the value of any key, or the key itself; `*` stands for any letters. */
function matchesTag(tag: string, wanted: string): boolean {
  if (wanted.includes('*')) {
    const [head = '', ...rest] = wanted.split('*');
    if (!tag.startsWith(head)) return false;
    let at = head.length;
    for (const part of rest) {
      const found = tag.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    const last = rest.at(-1) ?? '';
    return last === '' || tag.endsWith(last);
  }
  const colon = tag.indexOf(':');
  return tag === wanted || (colon > 0 && (tag.slice(colon + 1) === wanted || tag.slice(0, colon) === wanted));
}

/** Adds a term to what is typed, or takes it out again where it stands already. */
export function toggleTerm(text: string, term: string): string {
  const words = text.split(/\s+/).filter((word) => word !== '');
  const at = words.indexOf(term);
  if (at >= 0) words.splice(at, 1);
  else words.push(term);
  return words.join(' ');
}
