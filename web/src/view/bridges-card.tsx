/**
 * Bridges in the settings: the scrape for Prometheus, and other people's MQTT brokers to read from and publish to. All off until
 * somebody turns one on. Owns the settings as the hub told them, and the form; a password is typed once and never comes back.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type BridgeState, type BridgeWish, InboxClient } from '../edge/inbox-client.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { explain } from './sign-in-page.tsx';
import '../style/inbox.css';

const client = new InboxClient();
const usualFilters = 'tele/#\nstat/#\ntasmota/discovery/#\nhomeassistant/#\nzigbee2mqtt/#\nshellies/#\n+/events/rpc';
const lookEveryMs = 5_000;

export function BridgesCard() {
  const state = useSignal<BridgeState | null>(null);
  const error = useSignal('');
  const attempt = async (work: () => Promise<BridgeState>): Promise<boolean> => {
    try {
      state.value = await work();
      error.value = '';
      return true;
    } catch (failure) {
      error.value = explain(failure);
      return false;
    }
  };
  useEffect(() => {
    const look = () => void attempt(() => client.readBridges());
    look();
    const timer = setInterval(
      () => document.visibilityState === 'visible' && error.peek() === '' && look(),
      lookEveryMs,
    );
    return () => clearInterval(timer);
  }, []);
  const known = state.value;
  const change = (make: (wish: BridgeWish) => BridgeWish) => attempt(() => client.setBridges(make(wishOf(known!))));
  return (
    <section class="card" id="bridges" aria-label="Bridges">
      <h2>Bridges</h2>
      <p class="muted">Ways to other systems. Each is off until you turn it on.</p>
      {known !== null && (
        <>
          <label class="choice">
            <input
              type="checkbox"
              checked={known.prometheus}
              onChange={(event) => {
                const prometheus = event.currentTarget.checked;
                void change((wish) => ({ ...wish, prometheus }));
              }}
            />
            Newest values for Prometheus at <code>/metrics/devices</code>, with an API token
          </label>
          <BridgeList state={known} change={change} />
          <BridgeForm change={change} />
        </>
      )}
      <Failure error={error} />
    </section>
  );
}

function Failure({ error }: { error: Signal<string> }) {
  if (error.value === '') return null;
  return (
    <p class="form-error" role="alert">
      {error.value}
    </p>
  );
}

/** What was told, as it would be said again: without `hasPassword`, and so without a change of passwords. */
function wishOf({ prometheus, mqtt }: BridgeState): BridgeWish {
  return { prometheus, mqtt: mqtt.map(({ hasPassword: _, ...bridge }) => bridge) };
}

type Change = (make: (wish: BridgeWish) => BridgeWish) => Promise<boolean>;

function BridgeList({ state, change }: { state: BridgeState; change: Change }) {
  if (state.mqtt.length === 0) return <p>No broker is connected.</p>;
  return (
    <ul class="secrets" aria-label="Brokers">
      {state.mqtt.map((bridge) => (
        <li key={bridge.id} class="secret">
          <span class="secret-label">{bridge.id}</span>
          <span class="secret-note">
            {describeBridge(
              bridge.url,
              state.health.find(({ id }) => id === bridge.id),
            )}
          </span>
          <button
            type="button"
            class="button is-small"
            aria-label={`${bridge.isOn ? 'Turn off' : 'Turn on'} ${bridge.id}`}
            onClick={() =>
              void change(({ prometheus, mqtt }) => ({
                prometheus,
                mqtt: mqtt.map((one) => (one.id === bridge.id ? { ...one, isOn: !one.isOn } : one)),
              }))
            }
          >
            {bridge.isOn ? 'Turn off' : 'Turn on'}
          </button>
          <ConfirmButton
            label="Remove"
            spoken={`Remove ${bridge.id}`}
            question="Its devices and readings stay."
            confirm={async () => {
              await change(({ prometheus, mqtt }) => ({ prometheus, mqtt: mqtt.filter(({ id }) => id !== bridge.id) }));
            }}
          />
        </li>
      ))}
    </ul>
  );
}

function describeBridge(url: string, health: BridgeState['health'][number] | undefined): string {
  if (health === undefined || health.state === 'off') return `${url} · off`;
  if (health.state === 'waiting') return `${url} · not connected: ${health.error}`;
  if (health.state === 'connecting') return `${url} · connecting`;
  return `${url} · connected · ${health.messagesIn} in, ${health.messagesOut} out${health.error === '' ? '' : ` · ${health.error}`}`;
}

function BridgeForm({ change }: { change: Change }) {
  const busy = useSignal(false);
  const formOnSubmit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = new FormData(form);
    const textOf = (name: string) => String(fields.get(name) ?? '').trim();
    const bridge = {
      id: textOf('id'),
      isOn: true,
      url: textOf('url'),
      username: textOf('username'),
      password: textOf('password'),
      read: textOf('read')
        .split(/\s+/)
        .filter((filter) => filter !== ''),
      homeAssistantPrefix: fields.has('publish') ? 'homeassistant' : '',
    };
    busy.value = true;
    const added = ({ prometheus, mqtt }: BridgeWish) => ({
      prometheus,
      mqtt: [...mqtt.filter(({ id }) => id !== bridge.id), bridge],
    });
    if (await change(added)) form.reset();
    busy.value = false;
  };
  return (
    <details class="bridge-new">
      <summary>Connect a broker</summary>
      <form class="bridge-form" onSubmit={formOnSubmit}>
        <BridgeFields />
        <button class="button is-main" type="submit" disabled={busy.value}>
          Connect
        </button>
      </form>
    </details>
  );
}

function BridgeFields() {
  return (
    <>
      <label>
        Name
        <input
          name="id"
          type="text"
          required
          maxLength={32}
          pattern="[a-z0-9\-]+"
          placeholder="home"
          autocomplete="off"
        />
      </label>
      <label>
        Address
        <input
          name="url"
          type="text"
          required
          maxLength={300}
          placeholder="mqtt://192.168.1.5:1883"
          spellcheck={false}
        />
      </label>
      <label>
        User
        <input name="username" type="text" maxLength={128} autocomplete="off" spellcheck={false} />
      </label>
      <label>
        Password
        <input name="password" type="password" maxLength={256} autocomplete="new-password" />
      </label>
      <label class="is-wide">
        Topics to read, one a line
        <textarea name="read" rows={7} spellcheck={false} defaultValue={usualFilters} />
      </label>
      <label class="choice is-wide">
        <input name="publish" type="checkbox" />
        Publish this hub’s devices there, as Home Assistant discovers them
      </label>
    </>
  );
}
