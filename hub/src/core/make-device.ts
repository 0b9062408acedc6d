/** A device as the roster keeps it, out of what is stored of it. Owns nothing. */
import type { MetricDeclaration } from '@lapwing/protocol';
import type { DeviceState } from './device-roster.ts';
import { makeLatest } from './latest-values.ts';
import type { MetricLists } from './metric-lists.ts';

type DeviceFacts = Pick<DeviceState, 'key' | 'deviceId' | 'model' | 'firmware' | 'createdMs' | 'lastSeenMs'> & {
  readonly metrics: readonly MetricDeclaration[];
};

/** Without a link and without values; `lists` is where what it measures is shared. */
export function makeDevice(facts: DeviceFacts, lists: MetricLists): DeviceState {
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
    presence: 'unknown',
    address: '',
    lastReadingMs: Number.NaN,
    attachedMs: Number.NaN,
    intervalMs: Number.NaN,
    wakeMs: Number.NaN,
    clockOffsetMs: Number.NaN,
    lastError: null,
  };
}
