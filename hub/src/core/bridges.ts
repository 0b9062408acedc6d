/**
 * What operators chose about bridges: to whom the hub's readings go out, and from which brokers it reads. All off by default.
 *
 * Owns the settings; the store keeps them. A password is kept as it is, because it must be shown to the broker: it never leaves this
 * hub by any route, and a change that leaves it out keeps it.
 */
import type { StoreChange } from './ports.ts';

export interface MqttBridgeSettings {
  /** Letters, digits and -; names it in addresses, health and topics. */
  readonly id: string;
  readonly isOn: boolean;
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Topic filters whose messages are read, as if they came to the hub's own broker. */
  readonly read: readonly string[];
  /** Publish every device as Home Assistant discovers it, under this prefix; '' for no. */
  readonly homeAssistantPrefix: string;
}

export interface BridgeSettings {
  /** Newest values at /metrics/devices. */
  readonly prometheus: boolean;
  readonly mqtt: readonly MqttBridgeSettings[];
}

export type ShownBridgeSettings = Omit<BridgeSettings, 'mqtt'> & {
  readonly mqtt: readonly (Omit<MqttBridgeSettings, 'password'> & { readonly hasPassword: boolean })[];
};
export type AskedBridgeSettings = Omit<BridgeSettings, 'mqtt'> & {
  readonly mqtt: readonly (Omit<MqttBridgeSettings, 'password'> & { readonly password?: string | undefined })[];
};

export const noBridges: BridgeSettings = { prometheus: false, mqtt: [] };

export class Bridges {
  private settings: BridgeSettings;
  private readonly commit: (change: StoreChange) => Promise<void>;

  constructor(stored: string, commit: (change: StoreChange) => Promise<void>) {
    this.settings = stored === '' ? noBridges : (JSON.parse(stored) as BridgeSettings);
    this.commit = commit;
  }

  get(): BridgeSettings {
    return this.settings;
  }

  show(): ShownBridgeSettings {
    const { prometheus, mqtt } = this.settings;
    return { prometheus, mqtt: mqtt.map(({ password, ...rest }) => ({ ...rest, hasPassword: password !== '' })) };
  }

  /** A bridge whose address changes loses the password it had: it was given for another place. */
  async change(asked: AskedBridgeSettings): Promise<void> {
    const mqtt = asked.mqtt.map((bridge) => {
      const before = this.settings.mqtt.find(({ id, url }) => id === bridge.id && url === bridge.url);
      return { ...bridge, password: bridge.password ?? before?.password ?? '' };
    });
    const settings = { prometheus: asked.prometheus, mqtt };
    await this.commit({ kind: 'setting', name: 'bridges', value: JSON.stringify(settings) });
    this.settings = settings;
  }
}
