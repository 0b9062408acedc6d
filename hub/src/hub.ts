/**
 * Wires one hub: store, core and edges, by plain constructors, and the timers that let the core's time pass.
 *
 * The one place that knows every part. Start order: store (what is known), core, sockets, and only then the port. Stop order
 * is the reverse: no more connections, commit what was received, Ack it, say Goodbye, close.
 */
import { fileURLToPath } from 'node:url';
import { BatchScratch, type FaultName } from '@lapwing/protocol';
import { DeviceNotes } from './core/device-notes.ts';
import { DeviceRoster, rosterDefaults } from './core/device-roster.ts';
import { type DeviceClaim, type SessionOptions, type SessionParts, sessionDefaults } from './core/device-session.ts';
import { allDialects } from './core/dialects/all-dialects.ts';
import { Documents } from './core/documents.ts';
import { Identity } from './core/identity.ts';
import { Intake } from './core/intake.ts';
import { LiveFeed } from './core/live-feed.ts';
import type { Store, StoredState, StoreHealth, StoreListener } from './core/ports.ts';
import { Shares, type ViewScope } from './core/shares.ts';
import { makeAccountRoutes, makeEnrolmentKey } from './edge/account-routes.ts';
import { makeCompletenessRoute } from './edge/completeness-routes.ts';
import { makeDeviceNotesRoutes } from './edge/device-notes-routes.ts';
import { makeDeviceRoutes } from './edge/device-routes.ts';
import { DeviceSockets } from './edge/device-ws.ts';
import { makeDocumentRoutes } from './edge/document-routes.ts';
import { makeExportRoutes } from './edge/export-routes.ts';
import { FaultBook } from './edge/fault-book.ts';
import { FeedPump } from './edge/feed-pump.ts';
import { makeFleetAtRoute } from './edge/fleet-at-routes.ts';
import { makeHistoryRoute } from './edge/history-routes.ts';
import { makeRouter, type Route } from './edge/http-router.ts';
import { HubServer } from './edge/hub-server.ts';
import { makeImportRoutes } from './edge/import-routes.ts';
import { IntakeRhythm } from './edge/intake-rhythm.ts';
import type { Log } from './edge/log.ts';
import { makeApiRoute } from './edge/openapi.ts';
import { makeRetentionRoutes } from './edge/retention-routes.ts';
import { hashToken } from './edge/secrets.ts';
import { findSender } from './edge/senders.ts';
import { makeShareRoutes } from './edge/share-routes.ts';
import { type Principal, SignInDesk } from './edge/sign-in-desk.ts';
import { makeSignInLink, removeOldSignInLinks } from './edge/sign-in-links.ts';
import { StaticPages } from './edge/static-pages.ts';
import { FeedStreams } from './edge/viewer-sse.ts';
import { ViewerSockets } from './edge/viewer-ws.ts';
import { type ForeignWays, openForeignWays } from './foreign-ways.ts';
import { type MqttOptions, type MqttWays, makeMqttWays, mqttDefaults } from './mqtt-ways.ts';
import { openStore } from './store/store.ts';

export interface HubOptions {
  readonly dataDirectory: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly webDirectory: string;
  readonly ackIntervalMs: number;
  readonly linksMax: number;
  readonly commitIntervalMs: number;
  readonly mqtt: MqttOptions;
  readonly log: Log;
}

export const hubVersion = '0.1.0';

export const hubDefaults = {
  host: '127.0.0.1',
  port: 7180,
  webDirectory: fileURLToPath(new URL('../../web/dist', import.meta.url)),
  ackIntervalMs: sessionDefaults.ackIntervalMs,
  linksMax: 20_000,
  // Natural group commit alone makes a commit of nearly every frame when frames come one by one, and each costs more than the
  // frame itself. Lazy Acks wait longer than this anyway; whoever asks for an Ack, or for history, does not wait. At 100 frames/s
  // it is 49 bytes written per reading and 4 commits/s instead of 852 and 99: kind to SD cards.
  commitIntervalMs: 250,
  mqtt: mqttDefaults,
} as const;

export interface Hub {
  readonly url: string;
  /** Null where the broker has no port of its own. */
  readonly mqttPort: number | null;
  /** Set on the very first start only: shown once, kept nowhere. */
  readonly firstStart: { readonly signInLink: string; readonly enrolmentKey: string } | null;
  makeSignInLink(): Promise<string>;
  /** A single-use enrolment key for this machine's own agent, good for ten minutes. */
  makeTicket(): Promise<string>;
  stop(): Promise<void>;
}

const linkSweepMs = 1_000;
const ackSweepMs = { min: 50, max: 250 };
const hurryMs = 25;
const rightsSweepMs = 15_000;
const storeRetryMs = 2_000;
const ticketLifeMs = 600_000;
const goodbyeBackMs = 1_000;
const closingMsMax = 1_500;

/** The store speaks before the core exists; nothing can have been appended by then, so nothing can be lost. */
class LateListener implements StoreListener {
  target: StoreListener | null = null;
  storeOnCommitted(receipt: Parameters<StoreListener['storeOnCommitted']>[0]): void {
    this.target?.storeOnCommitted(receipt);
  }
  storeOnAbandoned(streams: Parameters<StoreListener['storeOnAbandoned']>[0]): void {
    this.target?.storeOnAbandoned(streams);
  }
  storeOnPressure(pressure: 'high' | 'normal'): void {
    this.target?.storeOnPressure(pressure);
  }
  storeOnState(health: StoreHealth): void {
    this.target?.storeOnState(health);
  }
}

export async function startHub(options: HubOptions): Promise<Hub> {
  const { dataDirectory, host, commitIntervalMs } = options;
  const listener = new LateListener();
  const opened = await openStore({ directory: dataDirectory, commitIntervalMs, listener });
  const startedMs = Date.now();
  const core = buildCore(options, { ...opened, startedMs });
  const edges = buildEdges(options, { ...core, state: opened.state });
  listener.target = {
    storeOnCommitted: (receipt) => {
      core.intake.storeOnCommitted(receipt, Date.now());
      core.foreign.intake.storeOnCommitted();
    },
    storeOnAbandoned: (streams) => {
      core.intake.storeOnAbandoned(streams);
      core.foreign.intake.storeOnAbandoned(streams);
    },
    storeOnPressure: (pressure) => {
      for (const links of [edges.devices, edges.mqtt.broker]) pressure === 'high' ? links.pause() : links.resume();
    },
    storeOnState: ({ state, code, message }) => options.log.warn({ state, code }, `store: ${message || state}`),
  };
  await removeOldSignInLinks(dataDirectory, startedMs);
  const port = await edges.server.listen(host, options.port);
  const mqttPorts = await edges.mqtt.open(host);
  const url = `http://${nameForBrowsers(host)}:${port}`;
  const makeLink = async () => `${url}/sign-in#link=${await makeSignInLink(dataDirectory)}`;
  const firstStart = await welcomeFirst(core.identity, makeLink);
  const timers = startTimers(core, edges);
  await core.foreign.bridges.apply();
  return {
    url,
    mqttPort: mqttPorts.port,
    firstStart,
    makeSignInLink: makeLink,
    makeTicket: async () => {
      const nowMs = Date.now();
      const ticket = { label: 'this machine', uses: 1, expiresMs: nowMs + ticketLifeMs, nowMs };
      return (await makeEnrolmentKey(core.identity, ticket)).key;
    },
    stop: () => {
      mqttPorts.close();
      return stopHub(core, edges, timers);
    },
  };
}

interface Core {
  readonly store: Store;
  readonly roster: DeviceRoster;
  readonly feed: LiveFeed;
  readonly pump: FeedPump;
  readonly rhythm: IntakeRhythm;
  readonly intake: Intake;
  readonly identity: Identity;
  readonly notes: DeviceNotes;
  readonly documents: Documents;
  readonly shares: Shares;
  readonly foreign: ForeignWays;
  readonly desk: SignInDesk;
  readonly session: SessionOptions;
  readonly startedMs: number;
}

function buildCore(options: HubOptions, from: { store: Store; state: StoredState; startedMs: number }): Core {
  const { store, state, startedMs } = from;
  const pump = new FeedPump();
  const roster = new DeviceRoster(state, (change) => store.change(change), { ...rosterDefaults, startedMs });
  const feed = new LiveFeed(roster, pump.request);
  pump.attach(feed);
  const rhythm = IntakeRhythm.ofThread(pump);
  const session = { ...sessionDefaults, ackIntervalMs: options.ackIntervalMs };
  const intakeOptions = {
    ackIntervalMs: session.ackIntervalMs,
    ackAtOnceAfter: session.inFlightMax / 2,
    storeRetryMs,
  };
  const takes = { store, roster, feed, scratch: new BatchScratch(), someoneWaits: rhythm.stayAwake };
  const intake = new Intake(takes, intakeOptions);
  const identity = new Identity(state.identity, {
    persist: (change) => store.change(change),
    commit: (change) => store.commitChange(change),
  });
  const notes = new DeviceNotes(state.deviceNotes ?? [], (change) => store.commitChange(change));
  const documents = new Documents(state.documents, (change) => store.commitChange(change));
  const shares = new Shares(state.shares, documents, (change) => store.commitChange(change));
  const desk = new SignInDesk(identity, shares, options.dataDirectory);
  const known = { state, store, roster, feed, intake, identity, notes };
  const foreign = openForeignWays({ ...known, dialects: allDialects, version: hubVersion, log: options.log });
  return { ...known, pump, rhythm, documents, shares, foreign, desk, session, startedMs };
}

interface Edges {
  readonly devices: DeviceSockets;
  readonly viewers: ViewerSockets;
  readonly streams: FeedStreams;
  readonly server: HubServer;
  readonly mqtt: MqttWays;
}

function buildEdges(options: HubOptions, core: Core & { readonly state: StoredState }): Edges {
  const { roster, intake, feed, desk, identity, session } = core;
  const faults = new FaultBook(options.log);
  const speaking: SessionParts = {
    roster,
    intake,
    feed,
    options: session,
    verifyToken: (deviceId, token) => {
      const device = roster.devices.get(deviceId);
      return device !== undefined && desk.verifyDeviceToken(device.key, token) ? device : null;
    },
    noteFault: (fault, deviceId, text) => faults.note(fault, { deviceId, text, nowMs: Date.now() }),
  };
  const devices = new DeviceSockets(speaking, core.rhythm);
  const mqtt = makeMqttWays({
    ...{ options: options.mqtt, state: core.state, store: core.store, roster, identity, desk: core.foreign.desk },
    ...{ speaking, dialects: allDialects, log: options.log },
    deviceOnLeft: (deviceId) => core.foreign.intake.devices.noteLinkEnded(deviceId),
  });
  const viewing = {
    feed,
    isGood: (principal: Principal) => desk.isGood(principal, Date.now()),
    scopeOf: (principal: Principal) => scopeOf(core.shares, principal),
    noteFault: (fault: FaultName, text: string) => faults.note(fault, { deviceId: null, text, nowMs: Date.now() }),
  };
  const viewers = new ViewerSockets(viewing);
  const streams = new FeedStreams({ ...viewing, roster, nowMs: Date.now });
  const rightsOnChange = () => {
    mqtt.broker.checkRights();
    viewers.checkRights();
    streams.checkRights();
  };
  const figures = () => ({
    ...intake.counters,
    ...faults.counts(),
    devices: devices.count(),
    ...prefixed('mqtt', mqtt.figures()),
    ...prefixed('foreign', { ...core.foreign.intake.counters, waiting: core.foreign.intake.waitingCount() }),
    viewers: viewers.count() + streams.count(),
    uptimeMs: Date.now() - core.startedMs,
    ...numbersOf(core.store.health()),
  });
  const pages = new StaticPages(options.webDirectory);
  const server = new HubServer({
    answer: makeRouter({
      routes: listRoutes(core, { figures, rightsOnChange, streams, speaking }),
      desk,
      findSender: (asked) => findSender(asked, { identity, roster, nowMs: Date.now() }),
      answerPage: (path, headers) => pages.answer(path, headers),
      noteError: (error, path) => options.log.error({ err: error, path }, 'a request failed'),
    }),
    devices,
    viewers,
    mqtt: mqtt.sockets,
    identify: (credentials) => desk.identify(credentials, Date.now()),
    findDevice: (token) => findDevice(token, identity, roster),
    linksMax: options.linksMax,
    someoneWaits: core.rhythm.stayAwake,
  });
  return { devices, viewers, streams, server, mqtt };
}

interface RouteCalls {
  readonly figures: () => Record<string, number>;
  readonly rightsOnChange: () => void;
  readonly streams: FeedStreams;
  readonly speaking: SessionParts;
}

function listRoutes(core: Core, calls: RouteCalls): Route[] {
  const { desk, identity, notes, documents, shares, roster, store, intake, feed } = core;
  const nowMs = Date.now;
  const foreign = core.foreign.intake.devices;
  const routes = [
    ...makeAccountRoutes({ desk, identity, roster, nowMs, rightsOnChange: calls.rightsOnChange }),
    ...makeDeviceRoutes({ roster, store, notes, foreign, version: hubVersion, nowMs, figures: calls.figures }),
    ...makeDeviceNotesRoutes({ roster, notes }),
    makeCompletenessRoute({ roster, store, nowMs }),
    makeFleetAtRoute({ roster, store, nowMs }),
    ...calls.streams.routes(),
    makeHistoryRoute({ roster, store, scopeOf: (principal) => scopeOf(shares, principal) }),
    ...makeShareRoutes({ shares, documents, roster, nowMs, rightsOnChange: calls.rightsOnChange }),
    ...makeDocumentRoutes({ documents, nowMs, boardOnChange: calls.rightsOnChange }),
    ...makeRetentionRoutes({ store, nowMs }),
    ...makeExportRoutes({ roster, store, version: hubVersion, nowMs }),
    ...makeImportRoutes({ roster, intake, feed, nowMs }),
    ...core.foreign.routes(calls.speaking),
  ];
  return [...routes, makeApiRoute(routes, hubVersion)];
}

/** What somebody may see; null: everything. */
function scopeOf(shares: Shares, principal: Principal | null): ViewScope | null {
  return principal?.kind === 'share' ? shares.scopeOf(principal.shareId) : null;
}

function startTimers(
  { roster, feed, intake, identity, shares, foreign, store, session }: Core,
  { devices, viewers, streams, mqtt }: Edges,
): NodeJS.Timeout[] {
  const sweepLinks = () => {
    const nowMs = Date.now();
    devices.sweep(nowMs);
    mqtt.broker.sweep(nowMs);
    viewers.sweep(nowMs);
    streams.sweep(nowMs);
    foreign.sweep(nowMs);
    for (const device of roster.sweepPresence(nowMs)) feed.publishPresence(device);
  };
  const sweepRights = () => {
    identity.removeExpired(Date.now());
    shares.removeExpired(Date.now(), (change) => store.change(change));
    viewers.checkRights();
    streams.checkRights();
  };
  return [
    setInterval(sweepLinks, linkSweepMs),
    setInterval(() => foreign.intake.hurryCommits(), hurryMs),
    setInterval(
      () => intake.sweepAcks(Date.now()),
      Math.min(ackSweepMs.max, Math.max(ackSweepMs.min, session.ackIntervalMs / 20)),
    ),
    setInterval(sweepRights, rightsSweepMs),
  ];
}

async function stopHub(core: Core, edges: Edges, timers: NodeJS.Timeout[]): Promise<void> {
  const { devices, viewers, streams, server, mqtt } = edges;
  server.stop();
  devices.pause();
  mqtt.broker.pause();
  await core.foreign.bridges.stop();
  for (const timer of timers) clearInterval(timer);
  // Closing the store commits what was received; its receipts arrive before it resolves.
  await core.store.close();
  core.intake.sweepAcks(Number.POSITIVE_INFINITY);
  core.pump.stop();
  core.feed.flush(Date.now());
  devices.sayGoodbye(goodbyeBackMs);
  mqtt.native.sayGoodbye(goodbyeBackMs);
  viewers.sayGoodbye(goodbyeBackMs);
  streams.sayGoodbye(goodbyeBackMs);
  devices.resume();
  await waitUntilGone(() => devices.count() + viewers.count(), closingMsMax);
  await mqtt.broker.stop();
  devices.terminate();
  viewers.terminate();
  server.terminate();
}

/** The very first start lets its owner in: a sign-in link and an enrolment key, kept as hashes and shown once. */
async function welcomeFirst(identity: Identity, makeLink: () => Promise<string>): Promise<Hub['firstStart']> {
  if (!identity.isEmpty() || identity.listEnrolmentKeys().length > 0) return null;
  const { key } = await makeEnrolmentKey(identity, { label: 'first', nowMs: Date.now() });
  return { signInLink: await makeLink(), enrolmentKey: key };
}

/** An address to type: the wildcard addresses are for listening only. */
function nameForBrowsers(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function findDevice(token: string, identity: Identity, roster: DeviceRoster): DeviceClaim {
  const key = identity.findDeviceByToken(hashToken(token));
  const device = key === null ? undefined : roster.deviceOf(key);
  return device === undefined ? null : { deviceId: device.deviceId };
}

/** Figures of one part of the hub, by names of their own. */
function prefixed(part: string, figures: object): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${part}.${name}`, value as number]));
}

function numbersOf(health: StoreHealth): Record<string, number> {
  return Object.fromEntries(
    Object.entries(health).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );
}

async function waitUntilGone(count: () => number, msMax: number): Promise<void> {
  const endMs = Date.now() + msMax;
  while (count() > 0 && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 10));
}
