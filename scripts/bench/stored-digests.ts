/**
 * What each contestant says it has stored, asked by query: count, sum, least and greatest of a series. Owns nothing. Digests of
 * two stores are equal when counts and extremes are the same and sums differ by rounding only.
 */
import type { HubClient } from '../hub-client.ts';

export interface Digest {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export interface SeriesName {
  readonly device: string;
  readonly metric: string;
}

/** Everything: within what every store can say. */
const fromMs = 0;
const toMs = 4_000_000_000_000;

export function isSame(a: Digest, b: Digest): boolean {
  const isNear = Math.abs(a.sum - b.sum) <= 1e-9 * Math.max(1, Math.abs(a.sum), Math.abs(b.sum));
  return a.count === b.count && a.min === b.min && a.max === b.max && isNear;
}

export function digestOf(values: Iterable<number>): Digest {
  const digest = { count: 0, sum: 0, min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
  for (const value of values) {
    digest.count += 1;
    digest.sum += value;
    digest.min = Math.min(digest.min, value);
    digest.max = Math.max(digest.max, value);
  }
  return digest;
}

/** Reading by reading, not from aggregates. */
export async function digestInHub(client: HubClient, { device, metric }: SeriesName): Promise<Digest> {
  return digestOf((await client.readAll(device, metric)).values.map(Number));
}

export async function digestInInflux(url: string, { device, metric }: SeriesName): Promise<Digest> {
  const f = quote(metric);
  const q = `SELECT count(${f}), sum(${f}), min(${f}), max(${f}) FROM r WHERE dev='${device}'`;
  const row = (await askInflux(url, q))[0];
  if (row === undefined) return digestOf([]);
  const [, count = 0, sum = 0, min = 0, max = 0] = row.map(Number);
  return { count, sum, min, max };
}

/** Rows of the first series of the answer. */
export async function askInflux(url: string, q: string): Promise<(number | string)[][]> {
  const answer = await fetch(`${url}/query?db=bench&epoch=ms&q=${encodeURIComponent(q)}`);
  if (!answer.ok) throw new Error(`InfluxDB: ${answer.status} ${await answer.text()}`);
  const { results } = (await answer.json()) as { results: { series?: { values: (number | string)[][] }[] }[] };
  return results[0]?.series?.[0]?.values ?? [];
}

export async function digestInVictoria(url: string, { device, metric }: SeriesName): Promise<Digest> {
  await fetch(`${url}/internal/force_flush`);
  // By label: a column of a CSV file may be called anything, and as a bare word it would be an expression.
  const match = encodeURIComponent(`{__name__=${quote(`r_${metric}`)},dev="${device}"}`);
  const answer = await fetch(`${url}/api/v1/export?match[]=${match}&start=${fromMs / 1000}&end=${toMs / 1000}`);
  if (!answer.ok) throw new Error(`VictoriaMetrics: ${answer.status} ${await answer.text()}`);
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  return digestOf(lines.flatMap((line) => (JSON.parse(line) as { values: number[] }).values));
}

const quote = (name: string): string => `"${name.replaceAll(/(["\\])/g, '\\$1')}"`;
