/**
 * What the parts of one device page share: the stage, what the hub knows of the stretch shown, and the events.
 *
 * Owns them for as long as the page is open. No rule of its own.
 */
import { DeviceEvents, eventsMax } from '../core/device-events.ts';
import type { DeviceRecord } from '../core/feed-state.ts';
import type { CausedGap } from '../core/gap-cause.ts';
import type { TimeRange } from '../core/time-range.ts';
import type { App } from './app-context.ts';
import { DeviceCompleteness } from './device-completeness.ts';
import type { PlotMarks } from './plot-marks.ts';
import { TimeStage } from './time-stage.ts';

export interface DeviceScene {
  readonly app: App;
  readonly device: DeviceRecord;
  readonly stage: TimeStage;
  readonly completeness: DeviceCompleteness;
  readonly events: DeviceEvents;
  readonly marks: PlotMarks;
  readonly isIntroduced: () => boolean;
  /** Starts; returns the function that ends it. */
  run(): () => void;
}

export function makeScene(
  app: App,
  device: DeviceRecord,
  look: { readonly range: TimeRange; readonly isIntroduced: () => boolean },
): DeviceScene {
  const stage = new TimeStage(look.range, {
    clock: app.clock,
    addPainter: app.addPainter,
    nowHubMs: app.nowHubMs,
    stageOnPaint: (isHeld) => {
      app.model.feed.isPaintHeld = isHeld;
    },
    stageOnWindow: (window) => {
      const route = app.model.route.peek();
      // Each step is an entry of the history: the browser's own back is a zoom out.
      if (route.page === 'device') app.navigate({ ...route, window });
    },
  });
  const completeness = new DeviceCompleteness(app, device.id, stage);
  const events = new DeviceEvents();
  return {
    app,
    device,
    stage,
    completeness,
    events,
    isIntroduced: look.isIntroduced,
    marks: makeMarks(completeness, events),
    run: () => {
      const ends = [completeness.run(), followEvents(app, device, events), stage.run()];
      return () => {
        for (const end of ends) end();
      };
    },
  };
}

function makeMarks(completeness: DeviceCompleteness, events: DeviceEvents): PlotMarks {
  let of: readonly CausedGap[] | null = null;
  let late: readonly CausedGap[] = [];
  return {
    readVersion: () => completeness.version + events.version,
    readEvents: () => events.shown,
    readLate: () => {
      if (of !== completeness.gaps) {
        of = completeness.gaps;
        late = of.filter(({ cause }) => cause === 'backfilled');
      }
      return late;
    },
  };
}

function followEvents(app: App, device: DeviceRecord, events: DeviceEvents): () => void {
  let ended = false;
  app.hub.readEvents(device.id, eventsMax).then(
    (stored) => {
      if (!ended) events.add(stored);
    },
    () => {
      events.hasFailed.value = true; // The log then says so and holds what comes live.
    },
  );
  const endObserver = app.addObserver({
    observeEvent: (from, { atMs, level, code, text }, arrivedMs) => {
      if (from === device) events.add([{ atMs, arrivedMs, level, code, text }]);
    },
  });
  return () => {
    ended = true;
    endObserver();
  };
}
