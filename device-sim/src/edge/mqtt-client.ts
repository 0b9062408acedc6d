/**
 * A simulated device's MQTT connection, by the `mqtt` library: it connects, is born, samples on its interval, and comes back when cut.
 *
 * Owns one client and its timer. Decides nothing: what is said is the device's. Births are said at every connect, as firmware does.
 */
import { connect, type MqttClient } from 'mqtt';
import type { SimDevice, SimPublication } from '../core/dialect-devices/dialect-device.ts';

export interface MqttDeviceOptions {
  readonly url: string;
  readonly username: string;
  readonly password: string;
  readonly intervalMs: number;
  /** When the first sample is due after connecting, so that a thousand devices do not speak at once. */
  readonly phaseMs: number;
  readonly counters: MqttCounters;
  readonly deviceOnConnected: (id: string) => void;
  readonly deviceOnRefused: (id: string, reason: string) => void;
}

export interface MqttCounters {
  connected: number;
  sent: number;
  /** Those of QoS 1 that the broker has answered. */
  acked: number;
  heard: number;
  reconnects: number;
  errors: number;
}

export class MqttDevice {
  private readonly device: SimDevice;
  private readonly options: MqttDeviceOptions;
  private readonly client: MqttClient;
  private timer: NodeJS.Timeout | undefined;
  private isConnected = false;
  private births = 0;
  private isEnding = false;

  constructor(device: SimDevice, options: MqttDeviceOptions) {
    this.device = device;
    this.options = options;
    const { username, password } = options;
    this.client = connect(options.url, {
      clientId: device.id,
      ...(username === '' ? {} : { username }),
      ...(password === '' ? {} : { password }),
      ...(device.will === null ? {} : { will: { ...device.will, payload: asBuffer(device.will.payload) } }),
      clean: true,
      protocolVersion: 4,
      reconnectPeriod: 2_000,
      connectTimeout: 10_000,
      // What could not be said in time is old; real firmware of these dialects drops it, too.
      queueQoSZero: false,
    });
    this.client.on('connect', () => this.clientOnConnect());
    this.client.on('message', (topic, payload) => this.clientOnMessage(topic, payload));
    this.client.on('close', () => this.clientOnClose());
    this.client.on('error', (error) => {
      options.counters.errors += 1;
      options.deviceOnRefused(device.id, error.message);
    });
  }

  /** As when its plug is pulled properly: the broker gets what is under way, then the will's words and a goodbye. */
  async end(): Promise<void> {
    this.isEnding = true;
    clearInterval(this.timer);
    clearTimeout(this.timer);
    if (this.isConnected && this.device.will !== null) this.publish([this.device.will]);
    await this.client.endAsync(!this.isConnected).catch(() => undefined);
  }

  private clientOnConnect(): void {
    const { counters, intervalMs, phaseMs } = this.options;
    this.isConnected = true;
    this.options.deviceOnConnected(this.device.id);
    counters.connected += 1;
    if (this.births > 0) counters.reconnects += 1;
    this.births += 1;
    if (this.device.subscriptions.length > 0) this.client.subscribe([...this.device.subscriptions], { qos: 1 });
    this.publish(this.device.births(Date.now()));
    this.timer = setTimeout(() => {
      this.sample();
      this.timer = setInterval(() => this.sample(), intervalMs);
    }, phaseMs);
  }

  private clientOnMessage(topic: string, payload: Uint8Array): void {
    this.options.counters.heard += 1;
    this.publish(this.device.hear({ topic, text: Buffer.from(payload).toString(), nowMs: Date.now() }));
  }

  private clientOnClose(): void {
    clearInterval(this.timer);
    clearTimeout(this.timer);
    if (this.isConnected) {
      this.options.counters.connected -= 1;
      if (!this.isEnding) this.options.deviceOnRefused(this.device.id, 'the broker ended the connection');
    }
    this.isConnected = false;
  }

  private sample(): void {
    if (this.isConnected) this.publish(this.device.samples(Date.now()));
  }

  private publish(publications: readonly SimPublication[]): void {
    const { counters } = this.options;
    for (const { topic, payload, qos, retain } of publications) {
      counters.sent += 1;
      this.client.publish(topic, asBuffer(payload), { qos, retain }, (error) => {
        if (qos === 1 && !error) counters.acked += 1;
      });
    }
  }
}

function asBuffer(payload: string | Uint8Array): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
}
