/**
 * A board as the hub keeps it, and what moving things about on it means.
 *
 * Owns no state: every change gives a new list. Invariants: tiles never overlap and never leave the twelve columns; what a tile is
 * moved onto makes room downwards, and then everything falls up as far as it can, so a board has no holes by accident.
 */
import type { Aggregate, SeriesName } from './explore-state.ts';

export type TileKind = 'chart' | 'value' | 'table';

export interface BoardTile {
  readonly id: string;
  readonly kind: TileKind;
  /** '' for one made of its series. */
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly series: readonly SeriesName[];
  readonly aggregate?: Aggregate;
}
export interface BoardContent {
  /** What its charts show, up to now. */
  readonly rangeMs: number;
  readonly tiles: readonly BoardTile[];
}

export const boardColumns = 12;
export const tilesMax = 60;
export const tileSeriesMax = 40;
const heightMax = 24;
const leastOf: Record<TileKind, { w: number; h: number }> = {
  chart: { w: 3, h: 3 },
  value: { w: 2, h: 2 },
  table: { w: 3, h: 2 },
};
const usualOf: Record<TileKind, { w: number; h: number }> = {
  chart: { w: 6, h: 4 },
  value: { w: 2, h: 2 },
  table: { w: 4, h: 4 },
};

export function makeBoardContent(rangeMs = 3_600_000): BoardContent {
  return { rangeMs, tiles: [] };
}

export type TileDraft = Pick<BoardTile, 'id' | 'kind' | 'title' | 'series'> & { readonly aggregate?: Aggregate };

/** What is to be pinned, before it has a place. */
export type PinDraft = Pick<BoardTile, 'kind' | 'title' | 'series' | 'aggregate'>;

/** At the first free place, from the top and the left. */
export function addTile(tiles: readonly BoardTile[], draft: TileDraft): readonly BoardTile[] {
  const size = usualOf[draft.kind];
  for (let y = 0; ; y++) {
    for (let x = 0; x + size.w <= boardColumns; x++) {
      const tile = { ...draft, ...size, x, y };
      if (!tiles.some((other) => overlaps(other, tile))) return [...tiles, tile];
    }
  }
}

export function removeTile(tiles: readonly BoardTile[], id: string): readonly BoardTile[] {
  return fallUp(tiles.filter((tile) => tile.id !== id));
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** Moves or resizes one, as far as the board goes; the others make room. */
export function placeTile(tiles: readonly BoardTile[], id: string, wish: Place): readonly BoardTile[] {
  const tile = tiles.find((one) => one.id === id);
  if (tile === undefined) return tiles;
  const least = leastOf[tile.kind];
  const w = clamp(wish.w, least.w, boardColumns);
  const h = clamp(wish.h, least.h, heightMax);
  const placed = { ...tile, w, h, x: clamp(wish.x, 0, boardColumns - w), y: clamp(wish.y, 0, 900) };
  const done: BoardTile[] = [placed];
  // As if it had been taken off first: what was below it may pass it.
  for (const other of sortTiles(fallUp(tiles.filter((one) => one !== tile)))) done.push(sinkBelow(other, done));
  const fallen = new Map(fallUp(done).map((one) => [one.id, one]));
  return tiles.map((one) => fallen.get(one.id)!);
}

/** One step of a key: as far in its direction as it takes for the board to look different. */
export function nudgeTile(tiles: readonly BoardTile[], id: string, step: Partial<Place>): readonly BoardTile[] {
  const tile = tiles.find((one) => one.id === id);
  if (tile === undefined) return tiles;
  for (let times = 1; times <= heightMax; times++) {
    const add = (name: keyof Place) => tile[name] + (step[name] ?? 0) * times;
    const next = placeTile(tiles, id, { x: add('x'), y: add('y'), w: add('w'), h: add('h') });
    if (
      next.some(
        (one, i) => one.x !== tiles[i]!.x || one.y !== tiles[i]!.y || one.w !== tiles[i]!.w || one.h !== tiles[i]!.h,
      )
    ) {
      return next;
    }
  }
  return tiles;
}

function sinkBelow(tile: BoardTile, others: readonly BoardTile[]): BoardTile {
  let { y } = tile;
  while (others.some((other) => overlaps(other, { ...tile, y }))) y++;
  return { ...tile, y };
}

/** From the top down, each as far up as it goes. */
function fallUp(tiles: readonly BoardTile[]): readonly BoardTile[] {
  const done: BoardTile[] = [];
  for (const tile of sortTiles(tiles)) {
    let { y } = tile;
    while (y > 0 && !done.some((other) => overlaps(other, { ...tile, y: y - 1 }))) y--;
    done.push({ ...tile, y });
  }
  return done;
}

export function overlaps(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** As one reads: for a narrow screen, and for the keyboard. */
export function sortTiles(tiles: readonly BoardTile[]): readonly BoardTile[] {
  return [...tiles].sort((a, b) => a.y - b.y || a.x - b.x);
}

/** What a tile is called that has no title of its own. */
export function nameTile(
  { title, series }: Pick<BoardTile, 'title' | 'series'>,
  nameDevice: (id: string) => string,
): string {
  if (title !== '') return title;
  const [first] = series;
  if (first === undefined) return 'Empty';
  const devices = new Set(series.map(({ device }) => device));
  const metrics = new Set(series.map(({ metric }) => metric));
  const metric = metrics.size === 1 ? first.metric : `${metrics.size} metrics`;
  const device = devices.size === 1 ? nameDevice(first.device) : `${devices.size} devices`;
  return `${metric} · ${device}`;
}

function clamp(value: number, low: number, high: number): number {
  return Math.round(Math.min(high, Math.max(low, value)));
}
