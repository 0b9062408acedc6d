/** Text metrics: the value now and since when. Owns the cells it writes into. */
import { useEffect, useRef } from 'preact/hooks';
import type { DeviceRecord } from '../core/feed-state.ts';
import { type KnownValues, lastKnownTitle, lastKnownWords } from '../core/last-known.ts';
import { noValue } from '../core/number-format.ts';
import { formatMoment } from './clock-text.ts';
import type { DeviceBoard } from './device-board.ts';

export function TextTable({
  metrics,
  device,
  board,
  known,
}: {
  metrics: readonly number[];
  device: DeviceRecord;
  board: DeviceBoard;
  known: KnownValues;
}) {
  return (
    <section class="card texts" aria-label="Texts">
      <h2>Texts</h2>
      <table>
        <thead class="spoken">
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <TextRow key={metric} metric={metric} device={device} board={board} known={known.get(metric)} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface RowProps {
  readonly metric: number;
  readonly device: DeviceRecord;
  readonly board: DeviceBoard;
  readonly known: number | string | undefined;
}

function TextRow({ metric, device, board, known }: RowProps) {
  const value = useRef<HTMLTableCellElement>(null);
  const since = useRef<HTMLTableCellElement>(null);
  const record = device.metrics[metric]!;
  useEffect(
    () =>
      board.stage.addWriter(({ nowHubMs }) => {
        const isKnown = Number.isNaN(record.latestMs) && known !== undefined;
        const text = isKnown ? String(known) : Number.isNaN(record.latestMs) ? noValue : String(record.latest);
        const changed = board.timeline.texts.get(metric)?.at(-1);
        const when = changed === undefined ? record.latestMs : changed.timeMs;
        setText(value.current, text);
        setText(
          since.current,
          isKnown ? lastKnownWords : Number.isNaN(when) ? '' : `since ${formatMoment(when, nowHubMs)}`,
        );
        value.current?.classList.toggle('is-known', isKnown);
        if (since.current !== null) since.current.title = isKnown ? lastKnownTitle : '';
      }),
    [metric, board, known],
  );
  return (
    <tr>
      <th scope="row">{record.name}</th>
      <td ref={value} />
      <td ref={since} class="muted" />
    </tr>
  );
}

function setText(element: HTMLElement | null, text: string): void {
  if (element !== null && element.textContent !== text) element.textContent = text;
}
