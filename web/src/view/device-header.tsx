/** The head of a device page: status and facts. Owns the texts that tick; the rest renders with the page. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DeviceRecord } from '../core/feed-state.ts';
import { formatPercent } from '../core/gap-cause.ts';
import { formatAge, formatOffset, noValue, thinSpace } from '../core/number-format.ts';
import { useApp } from './app-context.ts';
import { formatFull, formatMoment } from './clock-text.ts';
import type { DeviceBoard } from './device-board.ts';
import { StatusMark } from './status-mark.tsx';

export function DeviceHeader({ device, board }: { device: DeviceRecord; board: DeviceBoard }) {
  const app = useApp();
  const age = useSignal(noValue);
  const seen = useSignal(noValue);
  const seenTitle = useSignal('');
  const offset = useSignal(noValue);
  useEffect(() => {
    let nextMs = 0;
    return app.addPainter((nowHubMs) => {
      if (nowHubMs < nextMs) return;
      nextMs = nowHubMs + 250;
      const { lastSeenMs, clockOffsetMs } = device;
      age.value = Number.isNaN(lastSeenMs) ? 'never' : `${formatAge(nowHubMs - lastSeenMs)} ago`;
      seen.value = formatMoment(lastSeenMs, nowHubMs);
      seenTitle.value = formatFull(lastSeenMs);
      offset.value = Number.isNaN(clockOffsetMs) ? 'not measured' : formatOffset(clockOffsetMs);
    });
  }, [device]);
  return (
    <header class="device-header">
      <div class="device-title">
        <StatusMark state={device.presence} />
        <h1>{device.id}</h1>
      </div>
      <dl class="facts">
        <CompletenessFact board={board} />
        <Fact name="Model">{device.model === '' ? noValue : device.model}</Fact>
        <Fact name="Firmware">{device.firmware === '' ? noValue : device.firmware}</Fact>
        <Fact name="Fresh" wide="8.5ch">
          {age}
        </Fact>
        <Fact name="Last seen" wide="8ch" title={seenTitle}>
          {seen}
        </Fact>
        <Fact name="Clock" wide="6ch" title="The device's clock against the hub's, as last measured">
          {offset}
        </Fact>
      </dl>
    </header>
  );
}

function CompletenessFact({ board }: { board: DeviceBoard }) {
  const found = board.completeness.value;
  const percent = found?.percent ?? null;
  const title =
    found === null
      ? ''
      : `Of the stretch shown: ${found.received} received, of them ${found.late} late and ${found.backfilled} backfilled; ${found.skipped} declared lost, about ${found.missing} missing`;
  return (
    <Fact name="Complete" wide="8ch" title={title}>
      {percent === null ? noValue : `${formatPercent(percent)}${thinSpace}%`}
    </Fact>
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
