/**
 * What a viewer is told about one device as it stands. Pure: reads the roster's state and makes messages of it.
 */
import type { LatestValue, PresenceEntry, Snapshot } from '@lapwing/protocol';
import type { DeviceState } from './device-roster.ts';

/**
 * `conflated`: readings were left out for this viewer since its last Live of the device (LV-5). `shownSeq`: where Live of its
 * stream goes on behind, when that is not all that was received.
 */
export function makeSnapshot(
  device: DeviceState,
  { conflated, shownSeq }: { conflated: boolean; shownSeq: number | undefined },
): Snapshot {
  const { stream, metrics } = device;
  return {
    type: 'snapshot',
    device: device.deviceId,
    stream: stream?.key ?? 0,
    seq: shownSeq ?? stream?.progress.received ?? 0,
    conflated,
    clockOffsetMs: device.clockOffsetMs,
    table: stream?.table ?? [],
    metrics,
    latest: listLatest(device),
  };
}

/**
 * The same for somebody who may see some of its metrics. The others keep their places, so that an index means what it means to
 * everybody, but neither name nor value; and no table, because such a viewer gets no batches.
 */
export function makeScopedSnapshot(device: DeviceState, names: ReadonlySet<string>, conflated: boolean): Snapshot {
  const snapshot = makeSnapshot(device, { conflated, shownSeq: undefined });
  const { metrics } = device;
  return {
    ...snapshot,
    table: [],
    metrics: metrics.map((metric, i) => (names.has(metric.name) ? metric : { name: `#${i}`, unit: '', kind: 'gauge' })),
    latest: snapshot.latest.filter(({ metric }) => names.has(metrics[metric]!.name)),
  };
}

/** Metrics that have a value, in the order of the device's list. */
export function listLatest({ metrics, latest }: DeviceState): LatestValue[] {
  const values: LatestValue[] = [];
  for (let metric = 0; metric < metrics.length; metric++) {
    const timeMs = latest.timeMs[metric]!;
    if (Number.isNaN(timeMs)) continue;
    values.push({ metric, timeMs, value: latest.texts[metric] ?? latest.value[metric]! });
  }
  return values;
}

export function makePresenceEntry({ deviceId, presence, lastSeenMs }: DeviceState): PresenceEntry {
  return { device: deviceId, state: presence, lastSeenMs };
}
