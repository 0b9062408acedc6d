/**
 * Fetches the few minutes behind each sparkline in sight.
 *
 * Owns the number of requests in flight. Invariant: at most `requestsMax` at a time, none while something is scrolled, and a refused
 * one is not asked again before the feed has been away: sparklines then simply grow from live readings.
 */
import type { AppModel } from '../core/app-model.ts';
import { learnNumbers } from '../core/number-format.ts';
import { sparkBucketMs, sparkBuckets } from '../core/spark-book.ts';
import type { HubClient } from './hub-client.ts';

const requestsMax = 3;
/** Rows that fly by want nothing: asking for them took a fifth of the main thread, and every second frame, while it was scrolled. */
const restMs = 150;

export class SparkLoader {
  private readonly hub: HubClient;
  private readonly model: Pick<AppModel, 'sparks' | 'feed'>;
  private running = 0;
  private scrolledMs = Number.NEGATIVE_INFINITY;

  constructor(hub: HubClient, model: Pick<AppModel, 'sparks' | 'feed'>) {
    this.hub = hub;
    this.model = model;
    const noteScroll = (): void => {
      this.scrolledMs = performance.now();
    };
    document.addEventListener('scroll', noteScroll, { capture: true, passive: true });
  }

  /** Call now and then; does nothing when nothing is wanted. */
  load(nowHubMs: number): void {
    if (performance.now() - this.scrolledMs < restMs) return;
    while (this.running < requestsMax) {
      const wanted = this.model.sparks.takeWanted();
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
      this.model.sparks.fill(device, reply.fromMs, reply.series);
      const records = this.model.feed.devices.get(device)?.metrics ?? [];
      for (const { metric, last } of reply.series) {
        const record = records[metric];
        if (record !== undefined) learnNumbers(record.shape, last);
      }
    } catch (error) {
      console.info(`Lapwing: no history for the sparklines of ${device}: ${String(error)}`);
    }
    this.running--;
    this.load(nowHubMs);
  }
}
