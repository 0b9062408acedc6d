/**
 * Fetches the few minutes behind each sparkline in sight.
 *
 * Owns the number of requests in flight. Invariant: at most `requestsMax` at a time, and a refused one is not asked again before
 * the feed has been away: sparklines then simply grow from live readings.
 */
import { type SparkBook, sparkBucketMs, sparkBuckets } from '../core/spark-book.ts';
import type { HubClient } from './hub-client.ts';

const requestsMax = 3;

export class SparkLoader {
  private readonly hub: HubClient;
  private readonly sparks: SparkBook;
  private running = 0;

  constructor(hub: HubClient, sparks: SparkBook) {
    this.hub = hub;
    this.sparks = sparks;
  }

  /** Call now and then; does nothing when nothing is wanted. */
  load(nowHubMs: number): void {
    while (this.running < requestsMax) {
      const wanted = this.sparks.takeWanted();
      if (wanted === null) return;
      this.running++;
      void this.loadOne(wanted.deviceId, wanted.metrics, nowHubMs);
    }
  }

  private async loadOne(device: string, metrics: readonly number[], nowHubMs: number): Promise<void> {
    const toMs = (Math.floor(nowHubMs / sparkBucketMs) + 1) * sparkBucketMs;
    const fromMs = toMs - sparkBuckets * sparkBucketMs;
    try {
      const reply = await this.hub.readHistory({ device, metrics, fromMs, toMs, buckets: sparkBuckets });
      this.sparks.fill(device, reply.fromMs, reply.series);
    } catch (error) {
      console.info(`Lapwing: no history for the sparklines of ${device}: ${String(error)}`);
    }
    this.running--;
  }
}
