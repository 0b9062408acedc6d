/**
 * The tiles of a board on their grid, and what hand and keys do with them: drag to move, drag the corner to resize, arrows to move,
 * Shift and arrows to resize.
 *
 * Owns the drag in progress. Invariant: what a hand does and what a key does go through core/board-content.ts alike; each step by
 * key is said aloud.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import {
  type BoardTile,
  boardColumns,
  nameTile,
  nudgeTile,
  type Place,
  placeTile,
  removeTile,
  sortTiles,
} from '../core/board-content.ts';
import type { BoardClient } from '../edge/board-client.ts';
import { GripIcon, RemoveIcon, SizeIcon } from './board-icons.tsx';
import { TileBody } from './board-tiles.tsx';
import { useDeviceNames } from './device-names.ts';
import type { TimeStage } from './time-stage.ts';

export const rowHeight = 64;
export const gridGap = 12;

export interface BoardGridProps {
  readonly tiles: readonly BoardTile[];
  readonly stage: TimeStage;
  readonly client: BoardClient;
  /** Null: only to look at. */
  readonly gridOnChange: ((tiles: readonly BoardTile[]) => void) | null;
}

interface Drag {
  readonly id: string;
  readonly kind: 'move' | 'size';
  readonly start: BoardTile;
  readonly startX: number;
  readonly startY: number;
  readonly before: readonly BoardTile[];
}

export function BoardGrid({ tiles, stage, client, gridOnChange }: BoardGridProps) {
  const grid = useRef<HTMLDivElement>(null);
  const drag = useRef<Drag | null>(null);
  /** While a hand moves; the board itself changes when it lets go. */
  const preview = useSignal<readonly BoardTile[] | null>(null);
  const spoken = useSignal('');
  const names = useDeviceNames();
  const hands: TileHands = {
    grab: (event, tile, kind) => {
      if (event.button !== 0) return;
      event.preventDefault();
      const held = event.currentTarget as HTMLElement;
      held.setPointerCapture(event.pointerId);
      held.focus();
      drag.current = { id: tile.id, kind, start: tile, startX: event.clientX, startY: event.clientY, before: tiles };
    },
    move: (event) => {
      if (drag.current !== null && grid.current !== null) preview.value = followDrag(drag.current, event, grid.current);
    },
    drop: (event) => {
      const moved = preview.peek();
      if (drag.current !== null && moved !== null && event.type === 'pointerup') gridOnChange?.(moved);
      drag.current = null;
      preview.value = null;
    },
    press: (event, tile) => {
      const step = stepOf(event);
      if (step === null) return;
      event.preventDefault();
      event.stopPropagation();
      const next = nudgeTile(tiles, tile.id, step);
      spoken.value =
        next === tiles
          ? `${nameTile(tile, names)} cannot go further`
          : `${nameTile(tile, names)}: ${sayPlace(next.find(({ id }) => id === tile.id)!)}`;
      if (next !== tiles) gridOnChange?.(next);
    },
    remove: (tile) => {
      spoken.value = `${nameTile(tile, names)} removed`;
      gridOnChange?.(removeTile(tiles, tile.id));
    },
  };
  return (
    <>
      <div class={gridOnChange === null ? 'board-grid' : 'board-grid is-editing'} ref={grid}>
        {sortTiles(preview.value ?? tiles).map((tile) => (
          <TileFrame
            key={tile.id}
            tile={tile}
            hands={gridOnChange === null ? null : hands}
            isMoving={preview.value !== null && drag.current?.id === tile.id}
          >
            <TileBody tile={tile} stage={stage} client={client} />
          </TileFrame>
        ))}
      </div>
      <p class="spoken" aria-live="polite">
        {spoken}
      </p>
    </>
  );
}

interface TileHands {
  readonly grab: (event: PointerEvent, tile: BoardTile, kind: Drag['kind']) => void;
  readonly move: (event: PointerEvent) => void;
  readonly drop: (event: PointerEvent) => void;
  readonly press: (event: KeyboardEvent, tile: BoardTile) => void;
  readonly remove: (tile: BoardTile) => void;
}

function followDrag({ kind, start, startX, startY, before }: Drag, event: PointerEvent, grid: HTMLElement) {
  const column = (grid.clientWidth + gridGap) / boardColumns;
  const dx = Math.round((event.clientX - startX) / column);
  const dy = Math.round((event.clientY - startY) / (rowHeight + gridGap));
  const { x, y, w, h } = start;
  const wish: Place = kind === 'move' ? { x: x + dx, y: y + dy, w, h } : { x, y, w: w + dx, h: h + dy };
  return placeTile(before, start.id, wish);
}

interface FrameProps {
  readonly tile: BoardTile;
  /** Null: only to look at. */
  readonly hands: TileHands | null;
  readonly isMoving: boolean;
  readonly children: ComponentChildren;
}

function TileFrame({ tile, hands, isMoving, children }: FrameProps) {
  const name = nameTile(tile, useDeviceNames());
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms, and a landmark for each tile would be noise
    <div
      role="group"
      class={`card board-tile is-${tile.kind}${isMoving ? ' is-moving' : ''}`}
      aria-label={name}
      data-tile={tile.id}
      style={{
        gridColumn: `${tile.x + 1} / span ${tile.w}`,
        gridRow: `${tile.y + 1} / span ${tile.h}`,
        '--tile-rows': String(tile.h),
      }}
    >
      <div class="tile-head">
        {hands !== null && (
          <button
            type="button"
            class="tile-grip"
            aria-label={`Move ${name}: arrow keys; with Shift they resize`}
            onPointerDown={(event) => hands.grab(event, tile, 'move')}
            onPointerMove={hands.move}
            onPointerUp={hands.drop}
            onPointerCancel={hands.drop}
            onKeyDown={(event) => hands.press(event, tile)}
          >
            <GripIcon />
          </button>
        )}
        <h2 title={name}>{name}</h2>
        {hands !== null && (
          <button type="button" class="icon-button" aria-label={`Remove ${name}`} onClick={() => hands.remove(tile)}>
            <RemoveIcon />
          </button>
        )}
      </div>
      <div class="tile-body">{children}</div>
      {hands !== null && (
        <span
          class="tile-size"
          aria-hidden="true"
          onPointerDown={(event) => hands.grab(event, tile, 'size')}
          onPointerMove={hands.move}
          onPointerUp={hands.drop}
          onPointerCancel={hands.drop}
        >
          <SizeIcon />
        </span>
      )}
    </div>
  );
}

function stepOf(event: KeyboardEvent): Partial<Place> | null {
  const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
  if (x === 0 && y === 0) return null;
  if (event.shiftKey) return x === 0 ? { h: y! } : { w: x! };
  return x === 0 ? { y: y! } : { x: x! };
}

function sayPlace(tile: BoardTile): string {
  const { x, y, w, h } = tile;
  return `column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high`;
}
