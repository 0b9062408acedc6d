/**
 * The stage of a board, whose charts follow the present, and the devices that its tiles need from the feed.
 *
 * Owns both as long as the component that asks for them is there. A chart may be zoomed by hand; the board's own range stays.
 */
import { useEffect, useLayoutEffect, useMemo } from 'preact/hooks';
import type { BoardTile } from '../core/board-content.ts';
import { makeRange } from '../core/time-range.ts';
import { useApp } from './app-context.ts';
import { followBoardKeys } from './board-keys.ts';
import { TimeStage } from './time-stage.ts';

export function useBoardStage(rangeMs: number): TimeStage {
  const app = useApp();
  const stage = useMemo(() => {
    const range = makeRange(rangeMs);
    const made: TimeStage = new TimeStage(range, {
      clock: app.clock,
      addPainter: app.addPainter,
      nowHubMs: app.nowHubMs,
      stageOnWindow: (window) => made.setView(range, window),
    });
    return made;
  }, [rangeMs]);
  useEffect(() => stage.run(), [stage]);
  useEffect(() => followBoardKeys(app, stage), [stage]);
  return stage;
}

/** The list of devices tells the metrics; the feed is asked for those there are. */
export function useBoardWatch(tiles: readonly BoardTile[]): void {
  const app = useApp();
  const { model } = app;
  void model.structure.value;
  void model.fleetLoad.value;
  useLayoutEffect(() => app.loadFleet(), []);
  const wanted = new Set(tiles.flatMap(({ series }) => series.map(({ device }) => device)));
  const known = [...wanted].filter((id) => model.feed.devices.has(id)).sort();
  useEffect(() => app.watch(known.length === 0 ? null : known), [known.join('\n')]);
  useEffect(() => () => app.watch(null), []);
}
