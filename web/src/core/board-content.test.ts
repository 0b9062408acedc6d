import { describe, expect, it } from 'vitest';
import {
  addTile,
  type BoardTile,
  boardColumns,
  nameTile,
  nudgeTile,
  overlaps,
  placeTile,
  removeTile,
  sortTiles,
} from './board-content.ts';

const series = [{ device: 'pi', metric: 'temp' }];
const draft = (id: string, kind: BoardTile['kind'] = 'chart') => ({ id, kind, title: '', series });
const placesOf = (tiles: readonly BoardTile[]) =>
  Object.fromEntries(tiles.map(({ id, x, y, w, h }) => [id, [x, y, w, h]]));

function expectSound(tiles: readonly BoardTile[]): void {
  for (const a of tiles) {
    expect(a.x >= 0 && a.y >= 0 && a.x + a.w <= boardColumns).toBe(true);
    for (const b of tiles) if (a !== b) expect([a.id, b.id, overlaps(a, b)]).toEqual([a.id, b.id, false]);
  }
}

describe('a board', () => {
  it('puts a new tile at the first free place', () => {
    let tiles: readonly BoardTile[] = [];
    for (const id of ['a', 'b', 'c']) tiles = addTile(tiles, draft(id));
    tiles = addTile(tiles, draft('v', 'value'));
    expect(placesOf(tiles)).toEqual({ a: [0, 0, 6, 4], b: [6, 0, 6, 4], c: [0, 4, 6, 4], v: [6, 4, 2, 2] });
    expect(sortTiles([tiles[3]!, tiles[2]!, tiles[1]!, tiles[0]!]).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'v']);
  });

  it('makes room for what is moved, and lets the rest fall up', () => {
    let tiles: readonly BoardTile[] = [];
    for (const id of ['a', 'b', 'c']) tiles = addTile(tiles, draft(id));
    expect(placesOf(placeTile(tiles, 'c', { x: 0, y: 0, w: 6, h: 4 }))).toMatchObject({
      c: [0, 0, 6, 4],
      a: [0, 4, 6, 4],
    });
    expect(placesOf(placeTile(tiles, 'a', { x: 6, y: 0, w: 6, h: 4 }))).toMatchObject({
      a: [6, 0, 6, 4],
      b: [6, 4, 6, 4],
      c: [0, 0, 6, 4],
    });
    expect(placesOf(removeTile(tiles, 'a'))).toMatchObject({ c: [0, 0, 6, 4], b: [6, 0, 6, 4] });
  });

  it('a step down passes the tile below, as a hand means it', () => {
    let tiles: readonly BoardTile[] = [];
    for (const id of ['a', 'b', 'c']) tiles = addTile(tiles, draft(id));
    const down = placeTile(tiles, 'a', { x: 0, y: 4, w: 6, h: 4 });
    expect(placesOf(down)).toMatchObject({ a: [0, 4, 6, 4], c: [0, 0, 6, 4] });
  });

  it('a key moves it as far as it takes to see a change', () => {
    let tiles: readonly BoardTile[] = [];
    for (const id of ['a', 'b', 'c']) tiles = addTile(tiles, draft(id));
    expect(placesOf(nudgeTile(tiles, 'a', { y: 1 }))).toMatchObject({ a: [0, 4, 6, 4], c: [0, 0, 6, 4] });
    expect(placesOf(nudgeTile(tiles, 'c', { y: -1 }))).toMatchObject({ c: [0, 0, 6, 4], a: [0, 4, 6, 4] });
    expect(placesOf(nudgeTile(tiles, 'a', { w: -1 }))).toMatchObject({ a: [0, 0, 5, 4] });
    expect(nudgeTile(tiles, 'a', { x: -1 })).toBe(tiles);
  });

  it('stays sound whatever is done to it', () => {
    let tiles: readonly BoardTile[] = [];
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let i = 0; i < 12; i++) tiles = addTile(tiles, draft(`t${i}`, (['chart', 'value', 'table'] as const)[i % 3]!));
    for (let step = 0; step < 300; step++) {
      const wish = { x: random(16) - 2, y: random(20) - 2, w: random(15), h: random(9) };
      tiles = placeTile(tiles, `t${random(12)}`, wish);
      expectSound(tiles);
    }
  });

  it('names a tile by what it shows, and devices as people do', () => {
    const named = (id: string) => (id === 'pi' ? 'Attic' : id);
    expect(nameTile({ title: '', series }, named)).toBe('temp · Attic');
    expect(nameTile({ title: 'Boiler', series }, named)).toBe('Boiler');
    const two = [...series, { device: 'esp', metric: 'temp' }];
    expect(nameTile({ title: '', series: two }, named)).toBe('temp · 2 devices');
  });
});
