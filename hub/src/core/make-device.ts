/** A device as the roster keeps it, out of what is stored of it. Owns nothing. */
import type { PresenceState } from '@lapwing/protocol';
import { makeLatest } from './latest-values.ts';
import type { MetricLists } from './metric-lists.ts';
import type { StoredDevice } from './ports.ts';

/** Without a link and without values; `lists` is where what it measures is shared. */
export function makeDevice(facts: Omit<StoredDevice, 'latest' | 'sleep'>, lists: MetricLists) {
  const { metrics, metricByName } = lists.list(facts.metrics);
  return {
    key: facts.key,
    deviceId: facts.deviceId,
    model: facts.model,
    firmware: facts.firmware,
    createdMs: facts.createdMs,
    lastSeenMs: facts.lastSeenMs,
    metrics,
    metricByName,
    latest: makeLatest(facts.metrics.length),
    streamByEpoch: new Map(),
    stream: null,
    session: null,
    presence: 'unknown' as PresenceState,
    address: '',
    lastReadingMs: Number.NaN,
    attachedMs: Number.NaN,
    intervalMs: Number.NaN,
    wakeMs: Number.NaN,
    clockOffsetMs: Number.NaN,
    lastError: null,
  };
}
