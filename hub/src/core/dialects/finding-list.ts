/**
 * The findings of one publication while a reader collects them: cleaned, and never more than a bound.
 *
 * *Invariant:* whatever a payload says, what stands in the list has a device id, a metric name, a unit and texts within the
 * protocol's limits, numbers for numeric kinds and text for text. What would not is left out, with a fault where that is news.
 */
import { limits, type MetricKind } from '@lapwing/protocol';
import type { Finding, FoundCommand, FoundFacts, FoundFault, FoundMetric } from './dialect.ts';
import { cleanText } from './read-payload.ts';

export interface MetricShape {
  readonly metric: string;
  readonly unit: string;
  readonly kind: MetricKind;
}

/** As FoundFacts; what is not known may be undefined. */
export type Facts = { readonly [Key in keyof Omit<FoundFacts, 'type' | 'device'>]: string | undefined };

export interface ReadingTime {
  readonly timeMs?: number | null;
  readonly isHistorical?: boolean;
}

const nativeIdCharsMax = 128;
/** A whole batch of Telegraf, a thousand lines of ten fields, ten times over. */
const findingsMax = 100_000;
/** A payload of nothing but mistakes says so a few times, not ten thousand. */
const faultsMax = 20;

export class FindingList {
  readonly findings: Finding[] = [];
  /** Of the readings added from now on. */
  time: ReadingTime = {};
  #faults = 0;

  /** Numbers and bools as numbers; a number for a text metric is written out, a text for a number is a fault. */
  reading(device: string, shape: MetricShape, value: number | string | boolean): void {
    const { kind } = shape;
    const raw = typeof value === 'boolean' ? Number(value) : value;
    if (typeof raw === 'number' && !Number.isFinite(raw)) return;
    if (kind !== 'text' && typeof raw === 'string') {
      const what = `${shape.metric} is ${JSON.stringify(raw.slice(0, 40))}`;
      this.fault(device, 'wrong-shape', `${what}; a ${kind === 'bool' ? 'true or false' : 'number'} was expected`);
      return;
    }
    const found = kind === 'text' ? cleanText(String(raw), limits.textBytesMax) : raw;
    const timeMs = this.time.timeMs ?? null;
    if (timeMs !== null && !(timeMs >= limits.timeMsMin && timeMs <= limits.timeMsMax)) {
      this.fault(device, 'out-of-range', `the time of ${shape.metric} is no date between the years 1 and 9999`);
      return;
    }
    this.#add({
      type: 'reading',
      device,
      metric: shape.metric,
      unit: shape.unit,
      kind,
      value: kind === 'bool' ? Number(found !== 0) : found,
      timeMs,
      isHistorical: this.time.isHistorical ?? false,
    });
  }

  facts(device: string, facts: Facts): void {
    const known: Record<string, string> = {};
    for (const [key, value] of Object.entries(facts)) {
      const text = typeof value === 'string' ? cleanText(value, limits.factBytesMax) : '';
      if (text !== '') known[key] = text;
    }
    if (Object.keys(known).length > 0) this.#add({ type: 'facts', device, ...known });
  }

  metric(device: string, shape: MetricShape, more: Pick<FoundMetric, 'label' | 'min' | 'max'> = {}): void {
    const { label, min, max } = more;
    this.#add({
      type: 'metric',
      device,
      metric: shape.metric,
      unit: shape.unit,
      kind: shape.kind,
      ...(label === undefined ? {} : { label: cleanText(label, limits.metricNameBytesMax) }),
      ...(min === undefined || !Number.isFinite(min) ? {} : { min }),
      ...(max === undefined || !Number.isFinite(max) ? {} : { max }),
    });
  }

  availability(device: string, state: 'online' | 'offline' | 'asleep'): void {
    this.#add({ type: 'availability', device, state });
  }

  event(
    device: string,
    level: 'debug' | 'info' | 'warning' | 'error',
    said: { code: string; text: string; timeMs?: number | null },
  ): void {
    const code = cleanText(said.code, limits.eventCodeBytesMax);
    const text = cleanText(said.text, limits.eventTextBytesMax);
    if (code !== '') this.#add({ type: 'event', device, level, code, text, timeMs: said.timeMs ?? null });
  }

  reply(topic: string, payload: Uint8Array | string, how: { qos?: 0 | 1; retain?: boolean } = {}): void {
    this.#add({ type: 'reply', topic, payload, qos: how.qos ?? 0, retain: how.retain ?? false });
  }

  command(device: string, command: Omit<FoundCommand, 'type' | 'device'>): void {
    this.#add({ type: 'command', device, ...command });
  }

  fault(device: string | null, code: FoundFault['code'], text: string): void {
    this.#faults++;
    if (this.#faults > faultsMax) return;
    const id = device === null || cleanText(device, nativeIdCharsMax) === '' ? null : device;
    this.findings.push({ type: 'fault', device: id, code, text: cleanText(text, 1_024) });
  }

  #add(finding: Exclude<Finding, FoundFault>): void {
    if (this.findings.length >= findingsMax) {
      if (this.findings.length === findingsMax) {
        const text = `the message says more than ${findingsMax} things; the rest of it is left out`;
        this.findings.push({ type: 'fault', device: null, code: 'too-large', text });
      }
      return;
    }
    if (finding.type === 'reply') {
      this.findings.push(finding);
      return;
    }
    const device = cleanText(finding.device, nativeIdCharsMax);
    if (device === '') return;
    if (finding.type !== 'reading' && finding.type !== 'metric') {
      this.findings.push({ ...finding, device });
      return;
    }
    const metric = cleanText(finding.metric, limits.metricNameBytesMax);
    if (metric === '') return;
    this.findings.push({ ...finding, device, metric, unit: cleanText(finding.unit, limits.unitBytesMax) });
  }
}

/** The refusal of a payload that is not JSON, in one wording for all dialects. */
export function faultNotJson(device: string | null, expected: string): readonly Finding[] {
  const list = new FindingList();
  list.fault(device, 'not-json', `the payload is not JSON in UTF-8; ${expected}`);
  return list.findings;
}
