/**
 * Finds series by a few letters of the device and the metric, among ten thousand devices, with every key.
 *
 * Owns an index of lower-cased names. A word may be in either name; each word's hits are one bit, found once per device and once per
 * distinct metric name, so that the pairs cost an `or` each. Invariant: the list is bounded, and `total` says how many there are.
 */
import type { SeriesName } from './explore-state.ts';
import type { DeviceRecord } from './feed-state.ts';

export interface FoundSeries extends SeriesName {
  readonly unit: string;
  readonly presence: string;
}
export interface Found {
  readonly list: readonly FoundSeries[];
  readonly total: number;
}

interface Indexed {
  readonly record: DeviceRecord;
  readonly name: string;
  readonly model: string;
  /** The name with its numbers made equally long, so that 9 comes before 10: a collator would take ten times as long. */
  readonly rank: string;
}

const wordsMax = 16;

export class SeriesSearch {
  private readonly devices: Indexed[];

  constructor(devices: Iterable<DeviceRecord>) {
    this.devices = Array.from(devices, (record) => {
      const name = record.id.toLowerCase();
      return { record, name, model: record.model.toLowerCase(), rank: name.replace(/\d+/g, padNumber) };
    }).sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
  }

  /** In the order of devices and, within one, of its metrics; those whose own name begins with the first word come first. */
  find(typed: string, limit: number): Found {
    const words = typed.toLowerCase().split(/\s+/).filter(Boolean).slice(0, wordsMax);
    const wanted = (1 << words.length) - 1;
    const metricBits = new Map<string, number>();
    const first: FoundSeries[] = [];
    const rest: FoundSeries[] = [];
    let total = 0;
    for (const { record, name, model } of this.devices) {
      const deviceBits = matchWords(words, name) | matchWords(words, model);
      for (const metric of record.metrics) {
        if (metric === undefined || metric.kind === 'text') continue;
        let bits = metricBits.get(metric.name);
        if (bits === undefined) {
          bits = matchWords(words, metric.name.toLowerCase());
          metricBits.set(metric.name, bits);
        }
        if ((deviceBits | bits) !== wanted) continue;
        total++;
        const isFirst =
          words.length > 0 && (name.startsWith(words[0]!) || metric.name.toLowerCase().startsWith(words[0]!));
        const list = isFirst ? first : rest;
        if (list.length >= limit) continue;
        list.push({ device: record.id, metric: metric.name, unit: metric.unit, presence: record.presence });
      }
    }
    return { list: [...first, ...rest].slice(0, limit), total };
  }
}

function matchWords(words: readonly string[], text: string): number {
  let bits = 0;
  for (let i = 0; i < words.length; i++) if (text.includes(words[i]!)) bits |= 1 << i;
  return bits;
}

function padNumber(digits: string): string {
  return digits.padStart(12, '0');
}
