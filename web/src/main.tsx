/**
 * Wires the page: model, edges and components, and the rules between them. The only file that knows all of them.
 *
 * Owns the instances. Invariant: what the feed brings goes through core/feed-state.ts before anything is shown.
 */
import { render } from 'preact';
import { makeAppModel } from './core/app-model.ts';
import { formatRoute, parseRoute, type Route } from './core/app-route.ts';
import { makeFeedReader } from './core/feed-reader.ts';
import { type FeedObserver, noteError } from './core/feed-state.ts';
import { FleetKeeper } from './core/fleet-keeper.ts';
import { PageClock } from './core/page-clock.ts';
import { PulseMeter } from './core/pulse-meter.ts';
import { readInstant, withInstant } from './core/rewind-address.ts';
import { RewindControl } from './core/rewind-control.ts';
import { AfterPaint } from './edge/after-paint.ts';
import { FeedRewind } from './edge/feed-rewind.ts';
import { FeedSocket, type FeedSocketListener } from './edge/feed-socket.ts';
import { columnsCopy } from './edge/fleet-copy.ts';
import { FleetLoader } from './edge/fleet-loader.ts';
import { FrameLoop } from './edge/frame-loop.ts';
import { HealthPoll } from './edge/health-poll.ts';
import { HubClient } from './edge/hub-client.ts';
import { followAddress, readAddress, writeAddress } from './edge/page-location.ts';
import { applyTheme, followSystemTheme, isDarkNow, readTheme } from './edge/page-theme.ts';
import { followTouch } from './edge/page-touch.ts';
import { followVisibility } from './edge/page-visibility.ts';
import { SessionKeeper } from './edge/session-keeper.ts';
import { SparkLoader } from './edge/spark-loader.ts';
import { AppFrame } from './view/app.tsx';
import { type App, AppContext } from './view/app-context.ts';
import { lazyDevicePage, lazyOverlays } from './view/lazy-page.tsx';
import { followPageKeys } from './view/page-keys.ts';
import { followRewindKeys } from './view/rewind-keys.ts';
import { forgetTokens } from './view/theme-tokens.ts';

const model = makeAppModel();
const hub = new HubClient();
const observers = new Set<FeedObserver>();
const reader = makeFeedReader(model.feed, observers);
const pulse = new PulseMeter(model);

const listener: FeedSocketListener = {
  socketOnMessage: (message) => {
    if (message.type === 'fault') void health.look();
    reader.apply(message);
    frames.wake();
  },
  socketOnState: (state) => {
    const before = model.link.peek().kind;
    model.link.value = state;
    if (state.kind === 'live' && before !== 'live') {
      model.sparks.forgetHistory();
      if (model.fleetLoad.peek() === 'failed') fleet.load();
    }
  },
  socketOnRefused: () => {
    if (model.route.peek().page !== 'share') void sessions.check();
  },
};
const socket = new FeedSocket(
  `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/viewer/v1`,
  listener,
);
const frames = new FrameLoop(() => socket.nowHubMs());
const clock = new PageClock(() => socket.nowHubMs());
const rewind = new RewindControl(clock, () => socket.nowHubMs());
const health = new HealthPoll(hub, model);
const fleet = new FleetLoader(hub, model);
const sparkLoader = new SparkLoader(hub, model);
let inboxTimer: ReturnType<typeof setTimeout> | undefined;
let endInboxWatch = (): void => undefined;
const sessions = new SessionKeeper(hub, model, {
  keeperOnEnter: () => {
    socket.start();
    void health.look();
    // Not before the devices stand: on a slow processor reading the charts' code takes as long as showing the fleet.
    setTimeout(() => whenIdle(preloadNext), 1_000);
    void loadDisplay().then(({ startDisplay }) => startDisplay({ setTheme: app.setTheme }));
    watchInboxSoon();
  },
  keeperOnLeave: () => {
    socket.stop();
    clearTimeout(inboxTimer);
    endInboxWatch();
  },
});

const past = new FeedRewind({
  model,
  hub,
  clock,
  control: rewind,
  nowHubMs: () => socket.nowHubMs(),
  loadFleet: () => fleet.load(),
  holdFeed: (isHeld) => socket.hold(isHeld),
});
// In front of every other painter: what is due of the past is there when they look.
frames.add(() => {
  past.frame();
  // It may be played, and a hand may drag it.
  if (clock.mode.peek() === 'rewound') frames.wake();
});

observers.add({
  observeEvent: (device, event, arrivedMs) => {
    if (event.level === 'error') noteError(model.feed, device, { atMs: arrivedMs, code: event.code });
  },
  observeBatch: (device, scratch) => model.sparks.addBatch(device, scratch, socket.nowHubMs()),
});

/** Not what anybody opens the page for: after everything that is, and again where the hub was away just then. */
function watchInboxSoon(): void {
  inboxTimer = setTimeout(() => {
    import('./edge/inbox-watch.ts').then(({ watchInbox }) => {
      endInboxWatch();
      endInboxWatch = watchInbox(model.waiting);
    }, watchInboxSoon);
  }, 4_000);
}

/** What is most likely to be pressed next, one after the other: neither is to be fetched while somebody waits for it. */
function preloadNext(): void {
  void lazyOverlays.preload().then(() => whenIdle(() => void lazyDevicePage.preload()));
}

function whenIdle(task: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(task, { timeout: 3_000 });
  else setTimeout(task, 0);
}

/** Behind the first screen: who has chosen nothing sees no difference. */
const loadDisplay = () => import('./edge/preferences-display.ts');

const afterPaint = new AfterPaint();
/** Where the address leads already, though the page is not rendered yet. */
let routeAhead: Route | null = null;

function goTo(route: Route): void {
  routeAhead = null;
  model.route.value = route;
}

function goToSoon(route: Route): void {
  routeAhead = route;
  afterPaint.run(() => goTo(route));
}

const app: App = {
  model,
  hub,
  addPainter: (paint) => frames.add(paint),
  nowHubMs: () => socket.nowHubMs(),
  clock,
  rewind,
  navigate: (route, how = 'push') => {
    writeAddress(withInstant(formatRoute(route), clock.mode.peek() === 'rewound' ? clock.nowMs() : null), how);
    goToSoon(route);
  },
  routeAhead: () => routeAhead ?? model.route.peek(),
  addObserver: (observer) => {
    observers.add(observer);
    return () => {
      observers.delete(observer);
    };
  },
  watch: (devices) => {
    socket.watch(devices);
    past.watch(devices);
  },
  loadFleet: () => fleet.load(),
  fleetKeeper: new FleetKeeper(columnsCopy, async () => (await import('./edge/fleet-shelf.ts')).openFleetShelf()),
  setTheme: (theme) => {
    applyTheme(theme);
    model.theme.value = theme;
    model.isDark.value = isDarkNow(theme);
  },
  enter: (session) => sessions.enter(session),
  leave: () => void sessions.leave(),
  openShare: (secret) => socket.startShared(secret),
  showAs: (preferences) =>
    void loadDisplay().then(({ applyPreferences }) => applyPreferences(preferences, { setTheme: app.setTheme })),
};

model.isDark.subscribe(forgetTokens);
model.theme.value = readTheme();
model.isDark.value = isDarkNow(model.theme.value);
followSystemTheme(() => {
  model.isDark.value = isDarkNow(model.theme.peek());
});
function goToAddress(address: string, go = goToSoon): void {
  const instant = readInstant(address);
  if (instant !== null) rewind.seek(instant);
  // A link does not name the instant that the page is at: following one stays there.
  else if (rewind.isRewound) writeAddress(withInstant(address, clock.nowMs()), 'replace');
  go(parseRoute(address));
}
goToAddress(readAddress(), goTo);
followAddress((address) => goToAddress(address));
clock.state.subscribe((state) => {
  const instant = state.mode === 'rewound' ? state.atMs : null;
  const address = readAddress();
  if (withInstant(address, instant) !== address) writeAddress(withInstant(address, instant), 'replace');
});
followVisibility(socket);
followTouch(frames);
followPageKeys(app);
followRewindKeys(app);
hub.clientOnSignedOut = () => void sessions.check();

// Last painter of a frame: what was applied before it is on the screen now, so the latencies are taken here.
const root = document.getElementById('app')!;
// The shell is that of the fleet: on a wall screen or a shared board it would stay behind, hidden.
if (document.documentElement.dataset.shell === undefined) root.textContent = '';
/** The shell of index.html first: it is what there is to see until the devices are here. */
afterPaint.run(() => {
  render(
    <AppContext.Provider value={app}>
      <AppFrame />
    </AppContext.Provider>,
    root,
  );
});
let nextLookMs = 0;
frames.add((nowHubMs) => {
  pulse.measure(nowHubMs, socket.clock.isMeasured);
  if (nowHubMs < nextLookMs) return;
  nextLookMs = nowHubMs + 400;
  clock.settle();
  sparkLoader.load(clock.mode.peek() === 'rewound' ? clock.nowMs() : nowHubMs);
  fleet.describeNew();
  if (model.route.peek().page === 'fleet' && document.visibilityState === 'visible') fleet.refresh();
});
frames.start();
// Whoever came by a share link is nobody here, and asks for nothing but the board.
if (model.route.peek().page !== 'share') void sessions.check();
