/** The values that matter most, large, with their extent over the range. Owns one text signal per tile; a reading renders nothing. */
import { computed, type Signal, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { DeviceRecord, MetricRecord } from '../core/feed-state.ts';
import { type KnownValues, lastKnownTitle, lastKnownWords } from '../core/last-known.ts';
import { assignCells, isUptime } from '../core/metric-family.ts';
import { formatValue, learnNumber, noValue, thinSpace, writeMeasured } from '../core/number-format.ts';
import { PinButton } from './board-pin-button.tsx';
import type { DeviceBoard } from './device-board.ts';
import '../style/device.css';

const tilesMax = 8;

interface Tile {
  readonly metric: MetricRecord;
  readonly value: Signal<string>;
  readonly unit: Signal<string>;
  readonly extent: Signal<string>;
  /** What the device said, where another unit is shown. */
  readonly measured: Signal<string>;
  readonly isKnown: Signal<boolean>;
}

interface TilesProps {
  readonly device: DeviceRecord;
  readonly board: DeviceBoard;
  readonly known: KnownValues;
}

export function ValueTiles({ device, board, known }: TilesProps) {
  const tiles = useMemo(() => makeTiles(device), [device, device.metrics.length]);
  useEffect(() => {
    for (const { metric } of tiles) learnKnown(metric, known.get(metric.index));
    let extentVersion = -1;
    let extentOf: unknown = null;
    return board.stage.addWriter(() => {
      const isMoved = extentVersion !== board.timeline.version || extentOf !== board.timeline;
      extentVersion = board.timeline.version;
      extentOf = board.timeline;
      for (const tile of tiles) {
        writeValue(tile, known.get(tile.metric.index));
        if (isMoved) writeExtent(tile, board);
      }
    });
  }, [tiles, board, known]);
  return (
    <ul class="tiles" aria-label="Latest values">
      {tiles.map((tile) => (
        <li class="tile" key={tile.metric.index}>
          <span class="tile-name" title={tile.metric.name}>
            {tile.metric.name}
          </span>
          <span
            class={computed(() => (tile.isKnown.value ? 'tile-value is-known' : 'tile-value'))}
            title={tile.measured}
          >
            {tile.value}
            <span class="unit">{tile.unit}</span>
          </span>
          <span class="tile-extent">{tile.extent}</span>
          <PinButton
            isBare
            drafts={[{ kind: 'value', title: '', series: [{ device: device.id, metric: tile.metric.name }] }]}
          />
        </li>
      ))}
    </ul>
  );
}

/** The metrics that have a tile, by index. */
export function chooseTiles(device: DeviceRecord): number[] {
  const uptimes = device.metrics.filter(isUptime).map((metric) => metric.index);
  const cells = assignCells(device.metrics, [], Math.min(tilesMax, device.metrics.length)).filter(
    (index) => index >= 0 && !uptimes.includes(index),
  );
  return [...cells.slice(0, Math.max(0, tilesMax - uptimes.length)), ...uptimes.slice(0, tilesMax)];
}

function makeTiles(device: DeviceRecord): Tile[] {
  return chooseTiles(device).map((index) => ({
    metric: device.metrics[index]!,
    value: signal(noValue),
    unit: signal(''),
    extent: signal(''),
    measured: signal(''),
    isKnown: signal(false),
  }));
}

/** With the decimals that it came with. */
function learnKnown({ latestMs, shape }: MetricRecord, known: number | string | undefined): void {
  if (Number.isNaN(latestMs) && typeof known === 'number') learnNumber(shape, known);
}

function writeValue(tile: Tile, known: number | string | undefined): void {
  const { metric, value, unit, measured, isKnown, extent } = tile;
  isKnown.value = Number.isNaN(metric.latestMs) && known !== undefined;
  const latest = isKnown.value ? known! : metric.latest;
  if ((Number.isNaN(metric.latestMs) && !isKnown.value) || typeof latest === 'string') return;
  measured.value = isKnown.value ? lastKnownTitle : metric.kind === 'bool' ? '' : writeMeasured(metric);
  if (isKnown.value) extent.value = lastKnownWords;
  if (metric.kind === 'bool') {
    value.value = latest === 0 ? 'off' : 'on';
    return;
  }
  const shown = formatValue(latest, metric.unit, metric.shape);
  value.value = shown.text;
  unit.value = shown.unit === '' ? '' : thinSpace + shown.unit;
}

function writeExtent({ metric, extent, isKnown }: Tile, board: DeviceBoard): void {
  if (metric.kind === 'bool' || isUptime(metric) || isKnown.value) return;
  const found = board.timeline.buffers[metric.index]?.findExtent();
  if (found === null || found === undefined) {
    extent.value = '';
    return;
  }
  const low = formatValue(found.min, metric.unit, metric.shape);
  const high = formatValue(found.max, metric.unit, metric.shape);
  const isOneUnit = low.unit === high.unit;
  const write = ({ text, unit }: typeof low) => (isOneUnit || unit === '' ? text : text + thinSpace + unit);
  extent.value = `${write(low)} … ${write(high)}`;
}
