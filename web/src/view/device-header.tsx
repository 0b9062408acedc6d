/** The head of a device page: status and facts. Owns the texts that tick; the rest renders with the page. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { formatRoute, makeDeviceRoute } from '../core/app-route.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import { judgeFreshness } from '../core/fleet-age.ts';
import { nameOf } from '../core/fleet-order.ts';
import { formatPercent } from '../core/gap-cause.ts';
import { formatAge, formatOffset, noValue, thinSpace } from '../core/number-format.ts';
import { CauseStrip } from './cause-strip.tsx';
import { formatFull, formatMoment } from './clock-text.ts';
import { DeviceActions } from './device-actions.tsx';
import type { Kinship } from './device-behind.tsx';
import type { DeviceScene } from './device-scene.ts';
import { StatusMark } from './status-mark.tsx';

interface HeaderProps {
  readonly device: DeviceRecord;
  readonly scene: DeviceScene;
  readonly gateway: Kinship['gateway'];
}

export function DeviceHeader({ device, scene, gateway }: HeaderProps) {
  const age = useSignal(noValue);
  const seen = useSignal(noValue);
  const seenTitle = useSignal('');
  const offset = useSignal(noValue);
  useEffect(
    () =>
      scene.stage.addWriter(({ nowHubMs }) => {
        const { lastSeenMs, clockOffsetMs } = device;
        const { ageMs } = judgeFreshness(device, scene.app.clock.presentMs());
        age.value = Number.isNaN(ageMs) ? 'never' : `${formatAge(ageMs)} ago`;
        seen.value = formatMoment(lastSeenMs, nowHubMs);
        seenTitle.value = formatFull(lastSeenMs);
        offset.value = Number.isNaN(clockOffsetMs) ? 'not measured' : formatOffset(clockOffsetMs);
      }),
    [device, scene],
  );
  const isGone = (device.presence === 'offline' || device.presence === 'late') && !Number.isNaN(device.lastSeenMs);
  return (
    <header class="device-header">
      <div class="device-title">
        <StatusMark state={device.presence} />
        <h1>{nameOf(device)}</h1>
        {isGone && (
          <span class="device-gone" title={seenTitle}>
            since {seen}
          </span>
        )}
      </div>
      <dl class="facts">
        {device.notes.label !== '' && (
          <Fact name="Id" title="The name it has on the wire">
            {device.id}
          </Fact>
        )}
        <Fact name="Model">{device.model === '' ? noValue : device.model}</Fact>
        <Fact name="Firmware">{device.firmware === '' ? noValue : device.firmware}</Fact>
        {device.address !== '' && (
          <Fact name="Address" title="Where its newest connection came from">
            {device.address}
          </Fact>
        )}
        {gateway !== null && <GatewayFact {...gateway} />}
        <Fact name="Fresh" wide="8.5ch" title="Age of the newest reading">
          {age}
        </Fact>
        <Fact name="Last seen" wide="8ch" title={seenTitle}>
          {seen}
        </Fact>
        <Fact name="Clock" wide="6ch" title="The device's clock against the hub's, as last measured">
          {offset}
        </Fact>
      </dl>
      <div class="header-strips">
        <CompletenessLine device={device} scene={scene} />
        <DeviceActions scene={scene} />
      </div>
    </header>
  );
}

function GatewayFact({ id, label }: { id: string; label: string }) {
  return (
    <Fact name="Through" title="The gateway that it speaks through">
      <a href={formatRoute(makeDeviceRoute(id))}>{label === '' ? id : label}</a>
    </Fact>
  );
}

function CompletenessLine({ device, scene }: { device: DeviceRecord; scene: DeviceScene }) {
  const found = scene.completeness.known.value?.found ?? null;
  const percent = found?.percent ?? null;
  const title =
    found === null
      ? ''
      : `Of the stretch shown: ${found.received} received, of them ${found.late} late and ${found.backfilled} backfilled; ${found.skipped} declared lost, about ${found.missing} missing`;
  // What the fleet says of it, which may be another thing than this stretch; of the past it is not known.
  const { completeness } = device.notes;
  const cuts = found?.links?.filter(({ state }) => state === 'offline').length ?? 0;
  return (
    <>
      <span class="strip-fact" title={title}>
        <span class="muted">Complete</span>
        <b>{percent === null ? noValue : `${formatPercent(percent)}${thinSpace}%`}</b>
        {!Number.isNaN(completeness) && (
          <span class="muted" title="Of the last 24 hours, as the fleet says it">
            24 h {formatPercent(completeness)}
            {thinSpace}%
          </span>
        )}
      </span>
      <CauseStrip kind="readings" scene={scene} />
      <span class="strip-fact">
        <span class="muted">Link</span>
        {cuts > 1 && <span title="Times without a connection in the stretch shown">cut {cuts}×</span>}
      </span>
      <CauseStrip kind="link" scene={scene} />
    </>
  );
}

function Fact(props: {
  name: string;
  wide?: string;
  title?: preact.Signalish<string>;
  children: preact.ComponentChildren;
}) {
  return (
    <div class="fact" title={props.title}>
      <dt>{props.name}</dt>
      <dd style={props.wide === undefined ? undefined : { '--wide': props.wide }}>{props.children}</dd>
    </div>
  );
}
