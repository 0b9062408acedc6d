/**
 * Where a chart, or a whole device, has its newest reading when that is not in the stretch shown: an empty chart alone says nothing.
 * Owns the texts of the hints.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { judgeFreshness } from '../core/fleet-age.ts';
import { formatAge } from '../core/number-format.ts';
import { makeWindowAround } from '../core/time-window.ts';
import { formatDay, formatFull } from './clock-text.ts';
import type { DeviceBoard } from './device-board.ts';
import type { TimeStage } from './time-stage.ts';

interface HintProps {
  readonly board: DeviceBoard;
  readonly metrics: readonly number[];
}

/** Sample time of the newest reading of these metrics while the stretch shown has none of any; NaN otherwise. */
function useNewestElsewhere({ board, metrics }: HintProps): number {
  const newest = useSignal(Number.NaN);
  useEffect(
    () =>
      board.stage.addWriter(({ fromMs, edgeMs }) => {
        let latestMs = Number.NaN;
        for (const metric of metrics) {
          const atMs = board.device.metrics[metric]?.latestMs ?? Number.NaN;
          if (!(atMs <= latestMs)) latestMs = Number.isNaN(atMs) ? latestMs : atMs;
        }
        const isInside = latestMs >= fromMs && latestMs <= edgeMs + 10_000;
        const isEmpty = !isInside && board.timeline.state === 'joined' && hasNothing(board, metrics);
        const next = isEmpty ? latestMs : Number.NaN;
        if (!Object.is(next, newest.peek())) newest.value = next;
      }),
    [board, metrics.join()],
  );
  return newest.value;
}

function hasNothing(board: DeviceBoard, metrics: readonly number[]): boolean {
  return metrics.every((metric) => (board.timeline.buffers[metric]?.findExtent() ?? null) === null);
}

function showNewest(stage: TimeStage, newestMs: number): void {
  stage.settle(makeWindowAround(stage.toHubMs(newestMs), stage.spanMs, stage.nowHubMs()));
}

/** In the middle of the empty chart. */
export function OutOfSightHint(props: HintProps) {
  const newestMs = useNewestElsewhere(props);
  if (Number.isNaN(newestMs)) return null;
  const { stage } = props.board;
  return (
    <p class="newest-hint">
      <span title={formatFull(stage.toHubMs(newestMs))}>
        Latest reading {formatDay(stage.toHubMs(newestMs), stage.nowHubMs())}
      </span>
      <button type="button" class="link-button" onClick={() => showNewest(stage, newestMs)}>
        Show
      </button>
    </p>
  );
}

/** Above the charts, when all of them are empty. */
export function NewestBanner(props: HintProps) {
  const newestMs = useNewestElsewhere(props);
  if (Number.isNaN(newestMs)) return null;
  const { stage, device } = props.board;
  const { ageMs, isApart } = judgeFreshness(device, stage.nowHubMs());
  const isLagging = stage.isLive && isApart && device.presence === 'online';
  return (
    <div class="banner is-note" role="status">
      <span>
        <strong>Nothing was measured in the stretch shown.</strong> The latest reading is of{' '}
        {formatFull(stage.toHubMs(newestMs))}.
        {isLagging && ` The device is connected: what it sends is ${formatAge(ageMs)} old when it comes.`}
      </span>
      <button type="button" class="button" onClick={() => showNewest(stage, newestMs)}>
        Show it
      </button>
    </div>
  );
}
