/**
 * Wires all ways in and out that are not the native link: dialects, the inbox, readings over HTTP, bridges.
 *
 * Owns nothing itself. hub.ts makes it, tells it what the store says, and lets its time pass.
 */

import { Bridges } from './core/bridges.ts';
import type { DeviceNotes } from './core/device-notes.ts';
import type { DeviceRoster } from './core/device-roster.ts';
import type { SessionParts } from './core/device-session.ts';
import type { Dialect } from './core/dialects/dialect.ts';
import { type ForeignChannel, ForeignDesk, nobody } from './core/foreign-desk.ts';
import { ForeignDevices } from './core/foreign-devices.ts';
import { ForeignIntake } from './core/foreign-intake.ts';
import type { Identity } from './core/identity.ts';
import { Inbox } from './core/inbox.ts';
import type { Intake } from './core/intake.ts';
import type { LiveFeed } from './core/live-feed.ts';
import { OnceKeys } from './core/once-keys.ts';
import type { Store, StoredState } from './core/ports.ts';
import { makeBridgeRoutes, RunningBridges } from './edge/bridge-routes.ts';
import type { Route } from './edge/http-router.ts';
import { makeInboxRoutes } from './edge/inbox-routes.ts';
import { makeIngestRoutes } from './edge/ingest-routes.ts';
import { type Log, LogBudget } from './edge/log.ts';

export interface ForeignWays {
  readonly intake: ForeignIntake;
  readonly desk: ForeignDesk;
  readonly bridges: RunningBridges;
  readonly routes: (session: SessionParts) => Route[];
  /** About once a second. */
  sweep(nowMs: number): void;
}

export interface ForeignWaysParts {
  readonly state: StoredState;
  readonly store: Store;
  readonly roster: DeviceRoster;
  readonly feed: LiveFeed;
  readonly intake: Intake;
  readonly identity: Identity;
  readonly notes: DeviceNotes;
  readonly dialects: readonly Dialect[];
  readonly version: string;
  readonly log: Log;
}

export function openForeignWays(parts: ForeignWaysParts): ForeignWays {
  const { state, store, roster, feed, notes, log } = parts;
  const devices = new ForeignDevices(state.foreignDevices ?? [], {
    roster,
    feed,
    persist: (change) => store.change(change),
    // A label that somebody chose stands.
    nameOnLearnt: (device, name) => {
      const keep = notes.edit([device], (before) =>
        before.label === '' ? { ...before, label: name.slice(0, 80) } : before,
      );
      keep.catch((error: unknown) => log.warn({ err: error }, 'the name that a device gives itself was not kept'));
    },
    deviceOnRevoked: () => undefined,
  });
  const inbox = new Inbox();
  const onceKeys = new OnceKeys(state.onceKeys);
  const faultLines = new LogBudget(10);
  const intake = new ForeignIntake({
    ...{ store, intake: parts.intake, feed, devices, inbox, onceKeys },
    noteFault: ({ device, topic, text }) => {
      const about = device === null ? { topic } : { device, topic };
      if (faultLines.take(Date.now())) log.warn(about, `a message could not be read: ${text}`);
    },
  });
  const desk = new ForeignDesk(parts.dialects, intake);
  const settings = new Bridges(state.settings.bridges, (change) => store.commitChange(change));
  const bridges = openBridges(settings, { desk, ...parts });
  const http = desk.open({});
  const nowMs = Date.now;
  return {
    intake,
    desk,
    bridges,
    routes: (session) => [
      ...makeIngestRoutes({ channel: http, identity: parts.identity, roster, session, nowMs }),
      ...makeInboxRoutes({ foreign: intake, nowMs }),
      ...makeBridgeRoutes({ bridges: settings, running: bridges, roster }),
    ],
    sweep: (now) => {
      desk.sweep(now);
      devices.sweep(now);
    },
  };
}

/** What one bridge reads is not mixed with what another reads. */
function openBridges(settings: Bridges, parts: ForeignWaysParts & { desk: ForeignDesk }): RunningBridges {
  const { desk, roster, notes, version, dialects, log } = parts;
  const channels = new Map<string, ForeignChannel>();
  const channelOf = (bridge: string): ForeignChannel => {
    const known = channels.get(bridge);
    if (known !== undefined) return known;
    const channel = desk.open({});
    channels.set(bridge, channel);
    return channel;
  };
  return new RunningBridges(settings, {
    roster,
    labelOf: (device) => notes.of(device).label,
    version,
    dialects,
    take: (publication, bridge) => void channelOf(bridge).take(publication, nobody, null),
    noteState: ({ id, state, error }) => log.info({ bridge: id, state, error }, `bridge ${id}: ${state}`),
  });
}
