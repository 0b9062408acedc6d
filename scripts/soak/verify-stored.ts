/**
 * Compares what devices saw acked with what the hub answers: metric `n` of a plain board counts its rows from 1, so every number
 * tells whether it was lost, stored twice or invented. Owns nothing.
 */
import type { DeviceAckReport } from '../../device-sim/src/fleet.ts';
import type { HubClient } from '../hub-client.ts';

export interface StoredCheck {
  /** Readings of `n` that devices saw acked. */
  readonly acked: number;
  readonly stored: number;
  /** Acked and not stored. */
  readonly lost: number;
  /** Stored more than once, counted each time but the first. */
  readonly duplicated: number;
  /** Stored and never made. */
  readonly invented: number;
}

export async function verifyStored(client: HubClient, report: readonly DeviceAckReport[]): Promise<StoredCheck> {
  const { devices } = await client.get<{ devices: { id: string }[] }>('/devices');
  const known = new Set(devices.map(({ id }) => id));
  const total = { acked: 0, stored: 0, lost: 0, duplicated: 0, invented: 0 };
  for (const device of report) {
    // A hub that lost even the device has none of its readings.
    const values = known.has(device.id) ? (await client.readAll(device.id, 'n')).values : [];
    const checked = checkDevice(device, values);
    total.acked += device.rowsAcked;
    total.stored += values.length;
    total.lost += checked.lost;
    total.duplicated += checked.duplicated;
    total.invented += checked.invented;
  }
  return total;
}

/** Exported for its test. */
export function checkDevice(
  { rowsAcked, rowsMade }: { rowsAcked: number; rowsMade: number },
  values: readonly (number | string)[],
): { lost: number; duplicated: number; invented: number } {
  const times = new Uint32Array(rowsMade + 1);
  let invented = 0;
  for (const value of values) {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= rowsMade) times[value]! += 1;
    else invented += 1;
  }
  let [lost, duplicated] = [0, 0];
  for (let n = 1; n <= rowsMade; n++) {
    if (n <= rowsAcked && times[n] === 0) lost += 1;
    duplicated += Math.max(0, times[n]! - 1);
  }
  return { lost, duplicated, invented };
}
