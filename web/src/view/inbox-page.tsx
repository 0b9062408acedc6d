/**
 * The inbox: devices that spoke to the hub and wait to be let in, each as its page would show it, with one button to let it in.
 *
 * Below them who is blocked. Owns the lists as the hub told them last, and asks again who waits every two seconds while the page is seen.
 */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { makeDeviceRoute } from '../core/app-route.ts';
import { formatAge, formatSpan } from '../core/number-format.ts';
import { type BlockedDevice, InboxClient, type WaitingDevice } from '../edge/inbox-client.ts';
import { useApp } from './app-context.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { explain } from './sign-in-page.tsx';
import '../style/inbox.css';

const lookEveryMs = 2_000;
const shownMetrics = 12;
const client = new InboxClient();

const titles: Readonly<Record<string, string>> = {
  tasmota: 'Tasmota',
  'home-assistant': 'Home Assistant discovery',
  shelly: 'Shelly Gen2+',
  'shelly-gen1': 'Shelly Gen1',
  zigbee2mqtt: 'Zigbee2MQTT',
  sparkplug: 'Sparkplug B',
  thingsboard: 'ThingsBoard',
  senml: 'SenML',
  homie: 'Homie',
  influx: 'InfluxDB line protocol',
  chirpstack: 'ChirpStack',
  plain: 'Plain JSON and values',
};

export function InboxPage() {
  const { nowHubMs, model } = useApp();
  const waiting = useSignal<readonly WaitingDevice[] | null>(null);
  const blocked = useSignal<readonly BlockedDevice[]>([]);
  const error = useSignal('');
  const look = async (isAll: boolean) => {
    try {
      if (isAll) blocked.value = await client.listBlocked();
      waiting.value = await client.listWaiting();
      model.waiting.value = waiting.value.length;
      error.value = '';
    } catch (failure) {
      error.value = explain(failure);
    }
  };
  useEffect(() => {
    void look(true);
    const timer = setInterval(() => document.visibilityState === 'visible' && void look(false), lookEveryMs);
    return () => clearInterval(timer);
  }, []);
  const act = async (work: () => Promise<void>) => {
    try {
      await work();
      await look(true);
    } catch (failure) {
      error.value = explain(failure);
    }
  };
  return (
    <div class="inbox">
      <h1>Inbox</h1>
      <p class="muted inbox-intro">
        Devices that spoke to this hub without a credential of their own. Nothing of them is stored until you let them
        in.
      </p>
      {error.value !== '' && (
        <p class="form-error" role="alert">
          {error.value}
        </p>
      )}
      {waiting.value === null && error.value === '' && <p class="muted">Reading…</p>}
      {waiting.value?.length === 0 && <NobodyWaits />}
      <ul class="inbox-list" aria-label="Devices that wait">
        {waiting.value?.map((device) => (
          <WaitingCard key={device.id} device={device} nowMs={nowHubMs()} act={act} />
        ))}
      </ul>
      {blocked.value.length > 0 && <BlockedList blocked={blocked.value} act={act} />}
    </div>
  );
}

/** Folded: what somebody wanted out of the way. */
function BlockedList({ blocked, act }: { blocked: readonly BlockedDevice[]; act: Act }) {
  return (
    <details class="card blocked">
      <summary>
        <h2>Blocked</h2> <span class="muted">{blocked.length}</span>
      </summary>
      <p class="muted">
        What these say is passed over. Unblocked, they wait here again, at the latest with their next word.
      </p>
      <ul aria-label="Blocked devices">
        {blocked.map(({ id, dialect, native }) => (
          <li key={id}>
            <span class="blocked-name">{native}</span>
            <span class="muted">{nameDialect(dialect)}</span>
            <button
              type="button"
              class="button"
              aria-label={`Unblock ${native}`}
              onClick={() => void act(() => client.unblock(id))}
            >
              Unblock
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}

function nameDialect(dialect: string): string {
  return dialect === '' ? 'unknown dialect' : (titles[dialect] ?? dialect);
}

function NobodyWaits() {
  return (
    <section class="notice is-plain">
      <h2>Nobody waits</h2>
      <p>
        Point a Tasmota, ESPHome, Shelly or Zigbee2MQTT device at this machine’s MQTT port, or connect the hub to a
        broker you have in <a href="/settings#bridges">Settings</a>. <a href="/add">Add a device</a> shows how.
      </p>
    </section>
  );
}

type Act = (work: () => Promise<void>) => Promise<void>;

interface CardProps {
  readonly device: WaitingDevice;
  readonly nowMs: number;
  readonly act: Act;
}

function WaitingCard({ device, nowMs, act }: CardProps) {
  const { navigate } = useApp();
  const name = useSignal(device.deviceId ?? '');
  const { dialect, facts, native, metrics } = device;
  const title = facts.name ?? native;
  const adopt = (event: SubmitEvent) => {
    event.preventDefault();
    void act(async () => navigate(makeDeviceRoute(await client.adopt(device.id, name.value))));
  };
  return (
    <li class="card waiting-card">
      <div class="waiting-head">
        <h2>{title}</h2>
        <span class="chip">{nameDialect(dialect)}</span>
      </div>
      <p class="muted">{describeDevice(device, nowMs)}</p>
      {metrics.length > 0 && (
        <dl class="waiting-metrics">
          {metrics.slice(0, shownMetrics).map((metric) => (
            <div key={metric.name}>
              <dt>{metric.name}</dt>
              <dd>
                {formatLatest(metric)} <span class="unit">{metric.unit}</span>
              </dd>
            </div>
          ))}
        </dl>
      )}
      {metrics.length > shownMetrics && <p class="muted">and {metrics.length - shownMetrics} more metrics</p>}
      <p class="waiting-last">
        <code>{device.lastTopic}</code> <code class="muted">{device.lastPayload}</code>
      </p>
      <form class="waiting-actions" onSubmit={adopt}>
        {dialect !== '' && (
          <>
            <label>
              Call it
              <input
                type="text"
                required
                maxLength={64}
                pattern="[A-Za-z0-9][A-Za-z0-9._:\-]*"
                title="Letters, digits, . _ : and -, first a letter or digit"
                spellcheck={false}
                autocomplete="off"
                value={name.value}
                onInput={(event) => {
                  name.value = event.currentTarget.value;
                }}
              />
            </label>
            <button class="button is-main" type="submit" aria-label={`Let in ${title}`}>
              Let in
            </button>
          </>
        )}
        <ConfirmButton
          label="Block"
          spoken={`Block ${title}`}
          question="What it says is passed over then."
          confirm={() => act(() => client.block(device.id))}
        />
      </form>
    </li>
  );
}

function describeDevice({ facts, lastMs, intervalMs, messages }: WaitingDevice, nowMs: number): string {
  const made = [facts.maker, facts.model].filter((fact) => fact !== undefined && fact !== '').join(' ');
  const parts = [
    made,
    facts.address ?? '',
    facts.via === undefined ? '' : `through ${facts.via}`,
    `${messages} ${messages === 1 ? 'message' : 'messages'}`,
    intervalMs === null ? '' : `every ${formatSpan(intervalMs)}`,
    `last ${formatAge(Math.max(0, nowMs - lastMs))} ago`,
  ];
  return parts.filter((part) => part !== '').join(' · ');
}

function formatLatest({ kind, latest }: WaitingDevice['metrics'][number]): string {
  if (latest === null) return '–';
  if (kind === 'bool') return latest === 1 ? 'on' : 'off';
  return typeof latest === 'number' ? String(Number(latest.toPrecision(6))) : latest;
}
