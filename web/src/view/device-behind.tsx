/**
 * Gateways: the devices that speak through one, with how each stands; and what a page says of a device that measures nothing.
 *
 * Owns no state: what the hub told of them last is handed in.
 */
import { formatRoute, makeDeviceRoute } from '../core/app-route.ts';
import type { DeviceFacts, DeviceRecord } from '../core/feed-state.ts';
import { nameOf } from '../core/fleet-order.ts';
import { StatusMark } from './status-mark.tsx';

type Facts = Required<DeviceFacts>;

export interface Kinship {
  /** The device through which this one speaks. */
  readonly gateway: Facts['gateway'];
  readonly behind: Facts['behind'];
}
export const noKinship: Kinship = { gateway: null, behind: [] };

export function NothingMeasured({ device, behind }: { device: DeviceRecord; behind: Kinship['behind'] }) {
  if (behind.length === 0) {
    return (
      <section class="notice">
        <h2>Nothing measured yet</h2>
        <p>
          {nameOf(device)} is known to the hub and has sent no reading so far. Charts appear here by themselves with its
          first one.
        </p>
      </section>
    );
  }
  return (
    <div class="device-main is-gateway">
      <p>
        A gateway: it measures nothing itself, and{' '}
        {behind.length === 1 ? 'one device speaks' : `${behind.length} devices speak`} through it. It is online as long
        as it or one of them says something.
      </p>
      <DeviceBehind behind={behind} />
    </div>
  );
}

export function DeviceBehind({ behind }: { behind: Kinship['behind'] }) {
  if (behind.length === 0) return null;
  const list = behind
    .map((one) => ({ ...one, name: one.label === '' ? one.id : one.label }))
    .sort((a, b) => a.name.localeCompare(b.name));
  return (
    <section class="card behind" aria-label="Devices behind it">
      <h2>
        Devices behind it <span class="muted">{list.length}</span>
      </h2>
      <ul>
        {list.map(({ id, name, model, presence }) => (
          <li key={id}>
            <a href={formatRoute(makeDeviceRoute(id))}>
              <StatusMark state={presence} />
              <b>{name}</b>
              <span class="muted">{model}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
