/**
 * An MQTT publisher of QoS 1 that does what the specification asks of one: what was not PUBACKed before the link broke is sent again,
 * with DUP, under its own number and in its order (MQTT-4.4.0-1). Owns its connection; connects again until it is ended.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { makePublish, RawMqtt } from '../../hub/test/end-to-end/mqtt-raw.ts';

const retryMs = 20;

export interface MqttPace {
  /** Messages that may be unanswered. */
  readonly window: number;
  /** Between an answer and the next message. */
  readonly restMs: number;
}

export class MqttPublisher {
  /** The numbers 1 … sent were published, and 1 … sent but `unacked` were answered. */
  sent = 0;
  acked = 0;
  resent = 0;
  reconnects = -1;
  readonly unacked = new Map<number, number>();
  private readonly port: number;
  private readonly login: { readonly deviceId: string; readonly token: string };
  private link: RawMqtt | null = null;
  private isStopping = false;
  private readonly running: Promise<void>;
  private readonly pace: MqttPace;

  constructor(port: number, login: { deviceId: string; token: string }, pace: MqttPace) {
    this.port = port;
    this.login = login;
    this.pace = pace;
    this.running = this.run();
  }

  /** Publishes nothing new; resolves when all is answered. */
  async stop(): Promise<void> {
    this.isStopping = true;
    // Nothing will come that would end the wait for a packet.
    if (this.isOver()) this.link?.end();
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isOver()) {
      try {
        const { deviceId, token } = this.login;
        const wish = { clientId: deviceId, username: deviceId, password: token, clean: false };
        this.link = await RawMqtt.start(this.port, wish);
        this.reconnects += 1;
        for (const [id, value] of this.unacked) this.publish(id, value, true);
        this.resent += this.unacked.size;
        this.fill();
        while (!this.isOver()) this.take(await this.link.packet());
      } catch {
        // The hub is away, which is what this is about.
        await pause(retryMs);
      }
    }
    this.link?.end();
  }

  private isOver(): boolean {
    return this.isStopping && this.unacked.size === 0;
  }

  private take({ first, body }: { first: number; body: Buffer }): void {
    if (first !== 0x40) return;
    if (this.unacked.delete(body.readUInt16BE())) this.acked += 1;
    if (this.pace.restMs === 0) this.fill();
    else setTimeout(() => this.fill(), this.pace.restMs);
  }

  private fill(): void {
    while (!this.isStopping && this.unacked.size < this.pace.window) {
      this.sent += 1;
      const id = (this.sent % 65_535) + 1;
      this.unacked.set(id, this.sent);
      this.publish(id, this.sent, false);
    }
  }

  private publish(id: number, value: number, dup: boolean): void {
    this.link?.send(makePublish(`soak/${this.login.deviceId}`, `{"n":${value}}`, { qos: 1, id, dup }));
  }
}
