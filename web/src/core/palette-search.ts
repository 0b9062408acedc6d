/**
 * What the palette finds: pages, devices, tags, and metrics of devices, best match first.
 *
 * Owns no state. Invariant: a bounded list from any fleet; every word typed occurs in what is found; equal matches keep the order
 * of names. Metrics are searched only from two letters on: one letter matches everything.
 */
import { fleetRoute, formatRoute, makeDeviceRoute } from './app-route.ts';
import type { DeviceRecord } from './feed-state.ts';
import { countTags } from './fleet-tags.ts';

export interface PaletteEntry {
  readonly label: string;
  readonly kind: 'page' | 'device' | 'metric' | 'action' | 'tag';
  /** Said at the right: what the device is, or whose metric it is. */
  readonly note: string;
  /** Where it leads; an action's name for actions. */
  readonly target: string;
}

const entriesMax = 40;
const metricLettersLeast = 2;

export function searchPalette(
  typed: string,
  fixed: readonly PaletteEntry[],
  devices: Iterable<DeviceRecord>,
): PaletteEntry[] {
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const scored: { entry: PaletteEntry; score: number }[] = [];
  for (const entry of fixed) addMatch(scored, entry, words);
  const fleet = [...devices];
  for (const { tag, devices: count } of countTags(fleet)) {
    const target = formatRoute({ ...fleetRoute, text: `tag:${tag}` });
    addMatch(scored, { label: tag, kind: 'tag', note: `tag · ${count}`, target }, words);
  }
  const isAboutTags = words.some((word) => word.startsWith('tag') || word.startsWith('label'));
  for (const device of fleet) {
    const { id, model, notes } = device;
    const label = notes.label === '' ? id : `${notes.label} (${id})`;
    addMatch(scored, { label, kind: 'device', note: model, target: formatRoute(makeDeviceRoute(id)) }, words);
    if (isAboutTags) {
      const target = formatRoute({ ...fleetRoute, look: { ...fleetRoute.look, edit: id } });
      addMatch(scored, { label: `Label and tags of ${label}`, kind: 'action', note: 'action', target }, words);
    }
    if (typed.trim().length < metricLettersLeast) continue;
    for (const metric of device.metrics) {
      addMatch(
        scored,
        {
          label: metric.name,
          kind: 'metric',
          note: device.id,
          target: `${formatRoute(makeDeviceRoute(device.id))}#metric=${encodeURIComponent(metric.name)}`,
        },
        words,
      );
    }
  }
  return scored
    .sort((a, b) => a.score - b.score || compareNames(a.entry, b.entry))
    .slice(0, entriesMax)
    .map(({ entry }) => entry);
}

const kindRank: Record<PaletteEntry['kind'], number> = { page: 0, action: 1, device: 2, tag: 3, metric: 4 };

function addMatch(
  scored: { entry: PaletteEntry; score: number }[],
  entry: PaletteEntry,
  words: readonly string[],
): void {
  const label = entry.label.toLowerCase();
  const text = `${label} ${entry.note.toLowerCase()}`;
  if (!words.every((word) => text.includes(word))) return;
  const first = words[0];
  const place = first === undefined ? 0 : label.startsWith(first) ? 0 : label.includes(first) ? 1 : 2;
  scored.push({ entry, score: place * 10 + kindRank[entry.kind] });
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

function compareNames(a: PaletteEntry, b: PaletteEntry): number {
  return collator.compare(a.label, b.label) || collator.compare(a.note, b.note);
}
