/**
 * The hub as a client of somebody else's MQTT broker: reads what the filters name, and publishes the hub's devices there as Home
 * Assistant discovers them. The only file of the hub that uses the `mqtt` package.
 *
 * Owns one connection. Memory is bounded: states are made when they are due and from what is newest, so nothing queues while the
 * broker is away. It refuses to read what it publishes itself. What a message means is the dialects' business.
 */
import { connect, type IClientPublishOptions, type MqttClient } from 'mqtt';
import type { MqttBridgeSettings } from '../core/bridges.ts';
import type { DeviceRoster, DeviceState } from '../core/device-roster.ts';
import type { Publication } from '../core/dialects/dialect.ts';
import { makeAvailability, makeDiscovery, makeState, type OutMessage } from '../core/home-assistant-out.ts';
import type { DeviceKey } from '../core/ports.ts';
import { type Introducing, RetainedFirst } from '../core/retained-first.ts';

const retryMsMin = 1_000;
const retryMsMax = 60_000;
const publishEveryMs = 5_000;
const gatherEveryMs = 100;
const connectMsMax = 10_000;
/** Not read: nothing a device says is as long. */
const payloadBytesMax = 1_048_576;
const base = 'lapwing/devices';

export interface BridgeHealth {
  readonly id: string;
  readonly state: 'off' | 'connecting' | 'connected' | 'waiting';
  /** Since it is in this state, Unix milliseconds. */
  readonly sinceMs: number;
  /** Why it is not connected, '' for no reason known. */
  readonly error: string;
  readonly messagesIn: number;
  readonly messagesOut: number;
}

export interface BridgeParts {
  readonly roster: DeviceRoster;
  /** What people call a device, '' where they do not. */
  readonly labelOf: (device: DeviceKey) => string;
  readonly version: string;
  readonly take: (publication: Publication, bridge: string) => void;
  readonly dialects: readonly Introducing[];
  readonly noteState: (health: BridgeHealth) => void;
}

/** What was last published of a device. */
interface Told {
  /** What its discovery was made of. */
  announced: string;
  lastSeenMs: number;
  presence: string;
}

export class MqttBridge {
  readonly settings: MqttBridgeSettings;
  private readonly parts: BridgeParts;
  private readonly client: MqttClient;
  private readonly timer: NodeJS.Timeout;
  private readonly told = new Map<DeviceState, Told>();
  /** While what the broker has retained comes in. */
  private gather: RetainedFirst | null = null;
  private readonly gatherTimer: NodeJS.Timeout;
  private retryMs = retryMsMin;
  private state: BridgeHealth['state'] = 'connecting';
  private sinceMs = Date.now();
  private error = '';
  private messagesIn = 0;
  private messagesOut = 0;

  constructor(settings: MqttBridgeSettings, parts: BridgeParts) {
    this.settings = settings;
    this.parts = parts;
    const { url, username, password } = settings;
    this.client = connect(url, {
      ...(username === '' ? {} : { username, password }),
      clientId: `lapwing-${settings.id}-${Math.random().toString(36).slice(2, 10)}`,
      protocolVersion: 4,
      clean: true,
      connectTimeout: connectMsMax,
      reconnectPeriod: this.retryMs,
      queueQoSZero: false,
      resubscribe: false,
      ...(this.isPublishing()
        ? { will: { topic: this.hubTopic(), payload: Buffer.from('offline'), qos: 1, retain: true } }
        : {}),
    });
    this.client.on('connect', () => this.clientOnConnect());
    this.client.on('message', (topic, payload, packet) => this.clientOnMessage(topic, payload, packet.retain));
    this.client.on('error', (error) => this.clientOnError(error));
    this.client.on('close', () => this.clientOnClose());
    this.timer = setInterval(() => this.publishNews(), publishEveryMs);
    this.gatherTimer = setInterval(() => {
      if (this.gather?.isComplete() === true) this.endGathering();
    }, gatherEveryMs);
  }

  health(): BridgeHealth {
    const { state, sinceMs, error, messagesIn, messagesOut } = this;
    return { id: this.settings.id, state, sinceMs, error, messagesIn, messagesOut };
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    clearInterval(this.gatherTimer);
    this.endGathering();
    if (this.client.connected && this.isPublishing())
      this.publish({ topic: this.hubTopic(), payload: 'offline', retain: true });
    // A broker that does not answer must not hold up the end of the hub.
    await this.client.endAsync(!this.client.connected);
    this.client.removeAllListeners();
  }

  private isPublishing(): boolean {
    return this.settings.homeAssistantPrefix !== '';
  }

  private hubTopic(): string {
    return `lapwing/bridge/${this.settings.id}/state`;
  }

  private clientOnConnect(): void {
    this.enter('connected', '');
    this.retryMs = retryMsMin;
    this.client.options.reconnectPeriod = this.retryMs;
    const { read, homeAssistantPrefix } = this.settings;
    const filters = this.isPublishing() ? [...read, `${homeAssistantPrefix}/status`] : [...read];
    if (filters.length > 0) {
      this.endGathering();
      const gather = new RetainedFirst(this.parts.dialects);
      this.gather = gather;
      this.client.subscribe(filters, { qos: 1 }, (error) => {
        gather.noteSubscribed();
        if (error !== null) this.error = `the broker refused to be read: ${error.message}`;
      });
    }
    if (!this.isPublishing()) return;
    this.publish({ topic: this.hubTopic(), payload: 'online', retain: true });
    this.told.clear();
    this.publishNews();
  }

  private clientOnMessage(topic: string, payload: Buffer, isRetained: boolean): void {
    const { homeAssistantPrefix } = this.settings;
    if (this.isPublishing() && topic === `${homeAssistantPrefix}/status`) {
      // Home Assistant was started anew and has forgotten what it does not find retained.
      if (payload.toString() === 'online') this.told.clear();
      return;
    }
    if (payload.length > payloadBytesMax || isOwn(topic, homeAssistantPrefix)) return;
    this.messagesIn += 1;
    const publication = { topic, payload, isLastKnown: isRetained, arrivedMs: Date.now(), sender: null };
    if (this.gather === null) this.parts.take(publication, this.settings.id);
    else if (!this.gather.add(publication)) this.endGathering();
  }

  private endGathering(): void {
    const gathered = this.gather?.take() ?? [];
    this.gather = null;
    for (const publication of gathered) this.parts.take(publication, this.settings.id);
  }

  private clientOnError(error: Error & { code?: string | number }): void {
    this.error = error.message || String(error.code ?? error.name);
  }

  /** Waits twice as long each time, with chance in it: a broker that restarts must not meet all its clients at once. */
  private clientOnClose(): void {
    if (this.state === 'connected') this.retryMs = retryMsMin;
    else this.retryMs = Math.min(retryMsMax, this.retryMs * 2);
    this.client.options.reconnectPeriod = Math.round(this.retryMs * (0.5 + Math.random() / 2));
    this.enter('waiting', this.error || 'the broker closed the connection');
  }

  private enter(state: BridgeHealth['state'], error: string): void {
    this.error = error;
    if (state === this.state) return;
    this.state = state;
    this.sinceMs = Date.now();
    this.parts.noteState(this.health());
  }

  /** What changed of each device since it was told. */
  private publishNews(): void {
    if (!this.isPublishing() || !this.client.connected) return;
    const prefix = this.settings.homeAssistantPrefix;
    for (const device of this.parts.roster.devices.values()) {
      const { key, metrics, model, firmware, lastSeenMs, presence } = device;
      if (metrics.length === 0) continue;
      const told = this.told.get(device) ?? { announced: '', lastSeenMs: Number.NaN, presence: '' };
      const label = this.parts.labelOf(key);
      const announced = [label, model, firmware, ...metrics.map(({ unit }) => unit)].join('\n');
      const isNew = told.announced !== announced;
      if (isNew) {
        const { version } = this.parts;
        this.publish(makeDiscovery(device, { prefix, base, hubTopic: this.hubTopic(), version, label }));
      }
      if (told.presence !== presence) this.publish(makeAvailability(device, base));
      const state = !isNew && Object.is(told.lastSeenMs, lastSeenMs) ? null : makeState(device, base);
      if (state !== null) this.publish(state);
      this.told.set(device, { announced, lastSeenMs, presence });
    }
  }

  private publish({ topic, payload, retain }: OutMessage): void {
    this.messagesOut += 1;
    const options: IClientPublishOptions = { qos: 0, retain };
    this.client.publish(topic, payload, options);
  }
}

/** What this or another hub publishes: read back, a device would become its own double. */
function isOwn(topic: string, prefix: string): boolean {
  if (topic.startsWith('lapwing/')) return true;
  return prefix !== '' && topic.startsWith(`${prefix}/device/lapwing_`);
}
