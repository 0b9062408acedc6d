/**
 * Adding a device: pick what it is, run the command shown, and see it arrive.
 *
 * Owns the keys it had made, one per number of uses, and the watch for new devices. Invariant: a key is made only when somebody
 * has picked something, admits no more devices than that needs, and dies within a day.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import '../style/access.css';
import { formatRoute, makeDeviceRoute } from '../core/app-route.ts';
import { ArrivalWatch } from '../core/arrival-watch.ts';
import { countUses, type DeviceKind, deviceKinds, writeCommand } from '../core/enrolment-text.ts';
import { isLoopback } from '../core/loopback.ts';
import { useApp } from './app-context.ts';
import { CopyText } from './copy-text.tsx';
import { DoneIcon } from './icons.tsx';
import { explain } from './sign-in-page.tsx';

const keyLifeMs = 86_400_000;
const boardsMax = 1000;

interface AddProps {
  /** Of the empty fleet: true from the moment somebody has picked something, so that the page stays to say who came. */
  readonly adding?: Signal<boolean>;
}

export function AddPage({ adding }: AddProps) {
  const round = useSignal(0);
  return <AddForm key={round.value} adding={adding} again={() => round.value++} />;
}

function AddForm({ adding, again }: { adding: Signal<boolean> | undefined; again: () => void }) {
  const { model, watch, loadFleet } = useApp();
  const kind = useSignal<DeviceKind | null>(null);
  const boards = useSignal(10);
  const names = useSignal<readonly string[]>([]);
  // One key for each number of uses is enough, however often somebody changes their mind before a device came.
  const keys = useMemo(() => new Map<number, string>(), []);
  useEffect(() => {
    watch([]);
    loadFleet();
    return () => watch(null);
  }, []);
  const isFirst = model.fleetLoad.value === 'ready' && model.feed.devices.size === 0;
  return (
    <div class="add-page">
      <h1>{isFirst ? 'Add your first device' : 'Add a device'}</h1>
      <p class="muted">What is it? It appears by itself, with charts, when its first reading arrives.</p>
      <fieldset class="kinds">
        <legend class="spoken">What it is</legend>
        {deviceKinds.map((one) => (
          <label key={one.kind} class="kind">
            <input
              type="radio"
              name="kind"
              checked={kind.value === one.kind}
              onChange={() => {
                if (names.peek().length > 0) keys.clear();
                if (adding !== undefined) adding.value = true;
                kind.value = one.kind;
              }}
            />
            <span class="kind-label">{one.label}</span>
            <span class="muted">{one.about}</span>
          </label>
        ))}
      </fieldset>
      {kind.value !== null && <Recipe kind={kind.value} boards={boards} keys={keys} />}
      <Arrivals isAsked={kind.value !== null} names={names} adding={adding} again={again} />
    </div>
  );
}

function Recipe({ kind, boards, keys }: { kind: DeviceKind; boards: Signal<number>; keys: Map<number, string> }) {
  const uses = countUses(kind, boards.value);
  const { key, error, retry } = useFreshKey(kind, uses, keys);
  return (
    <section class="recipe" aria-label="What to run">
      <Preparation kind={kind} />
      {kind === 'simulated' && (
        <label class="boards">
          How many
          <input
            type="number"
            min={1}
            max={boardsMax}
            value={boards.value}
            onChange={(event) => {
              const count = Math.round(Number(event.currentTarget.value));
              boards.value = Math.min(boardsMax, Math.max(1, count || 1));
            }}
          />
        </label>
      )}
      {error !== '' ? (
        <p class="form-error" role="alert">
          {error}{' '}
          <button type="button" class="button is-small" onClick={retry}>
            Try again
          </button>
        </p>
      ) : key === '' ? (
        <p class="muted">Making a key…</p>
      ) : (
        <CopyText
          text={writeCommand(kind, { origin: location.origin, key, boards: boards.value })}
          label={kind === 'firmware-python' ? 'the program' : kind === 'mqtt' ? 'the settings' : 'the command'}
        />
      )}
      <AfterWords kind={kind} uses={uses} />
    </section>
  );
}

function useFreshKey(
  kind: DeviceKind,
  uses: number,
  keys: Map<number, string>,
): { key: string; error: string; retry: () => void } {
  const { hub, nowHubMs } = useApp();
  const error = useSignal('');
  const made = useSignal(0);
  const make = async () => {
    error.value = '';
    try {
      const expiresMs = Math.round(nowHubMs() + keyLifeMs);
      const label = `add a device: ${deviceKinds.find((one) => one.kind === kind)?.label ?? kind}`;
      keys.set(uses, (await hub.makeEnrolmentKey({ label, uses, expiresMs })).key);
      made.value++;
    } catch (failure) {
      error.value = explain(failure);
    }
  };
  useEffect(() => {
    if (!keys.has(uses)) void make();
  }, [kind, uses]);
  void made.value;
  return { key: keys.get(uses) ?? '', error: error.value, retry: () => void make() };
}

function Preparation({ kind }: { kind: DeviceKind }) {
  const where = kind === 'simulated' || kind === 'csv' ? 'any machine' : 'that machine';
  if (kind === 'firmware-python')
    return <p>Save this as first_device.py and run it with Python 3.9 or newer. It enrols once, then sends.</p>;
  if (kind === 'mqtt') return <p>Type this into the device’s MQTT settings, under the name it shall have here:</p>;
  if (kind === 'curl') return <p>From anywhere that reaches this hub; each line is a reading of now:</p>;
  if (kind === 'firmware-c')
    return (
      <p>
        There is no library yet; the protocol is small. First get the device its token, once, and keep it in the
        firmware:
      </p>
    );
  return (
    <p>
      On {where}, in a clone of Lapwing with Node 20 or newer, once <code>npm ci</code>, then:
    </p>
  );
}

function AfterWords({ kind, uses }: { kind: DeviceKind; uses: number }) {
  return (
    <div class="after-words muted">
      {kind === 'firmware-python' && (
        <p>
          It keeps no outbox: what it measures while the hub is away is lost. <code>protocol/SPEC.md</code>, rules DL,
          says how to keep readings until they are acked.
        </p>
      )}
      {kind === 'firmware-c' && (
        <p>
          Then open a WebSocket to <code>{location.origin.replace(/^http/, 'ws')}/device/v1</code>, subprotocol{' '}
          <code>lapwing.v1</code>, send Hello and batches. <code>protocol/SPEC.md</code>, “On a small device”, has the
          encoder in forty lines of C without heap or floats, and <code>protocol/golden/</code> frames to test it with.
        </p>
      )}
      {kind === 'mqtt' && (
        <p>
          Units and names come from the device’s own discovery. What speaks through a gateway, such as Zigbee2MQTT,
          comes as devices of its own. MQTT 3.1.1; the port is another one where the hub was started with{' '}
          <code>--mqtt-port</code>. A broker that you have already is connected in{' '}
          <a href="/settings#bridges">Settings</a>.
        </p>
      )}
      {kind === 'curl' && (
        <p>
          An answer of 200 means that it is stored. JSON, SenML and InfluxDB’s line protocol work too: README, “Readings
          over HTTP”.
        </p>
      )}
      {(kind === 'raspberry-pi' || kind === 'linux') && (
        <p>
          The device is named after the machine (<code>--id</code> gives another name). While the hub is away it keeps
          its readings on its disk. <code>npx device-sim host --help</code> says how to run it as a service.
        </p>
      )}
      {kind === 'csv' && (
        <p>
          The device is named after the file. Its first column is the time, the others are metrics. The same file again
          adds nothing.
        </p>
      )}
      <p>
        The key in it lets {uses === 1 ? 'one device' : `${uses} devices`} in and dies in a day.
        {isLoopback(location.hostname) && kind !== 'simulated' && kind !== 'csv'
          ? ` This page is open at ${location.hostname}, which only the hub’s own machine knows: for another machine, start the hub with --host 0.0.0.0 and open this page at its network address.`
          : ''}
      </p>
    </div>
  );
}

interface ArrivalProps {
  readonly isAsked: boolean;
  readonly names: Signal<readonly string[]>;
  readonly adding: Signal<boolean> | undefined;
  readonly again: () => void;
}

function Arrivals({ isAsked, names, adding, again }: ArrivalProps) {
  useArrivals(names);
  const first = names.value[0];
  if (first === undefined) {
    if (!isAsked) return null;
    return (
      <p class="arrival" role="status">
        <span class="arrival-ring" aria-hidden="true" />
        Waiting for the first reading…
      </p>
    );
  }
  const more = names.value.length - 1;
  const leave = () => {
    if (adding !== undefined) adding.value = false;
  };
  return (
    <div class="arrival is-here" role="status">
      <DoneIcon />
      <p>
        <a href={formatRoute(makeDeviceRoute(first))}>{first}</a>
        {more === 0 ? ' is here.' : ` and ${more} more are here.`}
      </p>
      <a class="button" href="/" onClick={leave}>
        See the fleet
      </a>
      <button type="button" class="button" onClick={again}>
        Add another
      </button>
    </div>
  );
}

function useArrivals(names: Signal<readonly string[]>): void {
  const { model, addObserver } = useApp();
  const arrivals = useMemo(() => new ArrivalWatch(), []);
  const load = model.fleetLoad.value;
  useEffect(() => arrivals.noteKnown(model.feed.devices.values()), [load]);
  useEffect(() => {
    const note = (id: string) => {
      if (arrivals.noteReading(id)) names.value = arrivals.names;
    };
    return addObserver({
      // Before the list is there, a Snapshot with values tells of somebody who has spoken before.
      observeSnapshot: (device) => {
        if (model.fleetLoad.peek() !== 'ready') arrivals.noteKnown([device]);
      },
      observeBatch: (device) => note(device.id),
      observeLate: (device) => note(device.id),
    });
  }, []);
}
