/**
 * Wires the MQTT broker: who may come, what is kept, where publications go, and its ports.
 *
 * Owns nothing itself. hub.ts makes it, opens it when all else is ready, lets its time pass and stops it.
 */
import type { DeviceRoster } from './core/device-roster.ts';
import type { SessionParts } from './core/device-session.ts';
import type { Dialect } from './core/dialects/dialect.ts';
import { makeHostState } from './core/dialects/sparkplug.ts';
import type { ForeignDesk } from './core/foreign-desk.ts';
import type { Identity } from './core/identity.ts';
import type { Store, StoredMqttRow, StoredState } from './core/ports.ts';
import { putIntroductionsFirst } from './core/retained-first.ts';
import { TopicClaims } from './core/topic-claims.ts';
import type { Log } from './edge/log.ts';
import { MqttAccess } from './edge/mqtt-access.ts';
import { MqttBroker } from './edge/mqtt-broker.ts';
import { brokerLimits } from './edge/mqtt-link.ts';
import { listenMqtt, type MqttListenOptions, type MqttPorts } from './edge/mqtt-listener.ts';
import { MqttNative } from './edge/mqtt-native.ts';
import { MqttPersistence } from './edge/mqtt-persistence.ts';
import { MqttSockets } from './edge/mqtt-ws.ts';

export interface MqttOptions extends Omit<MqttListenOptions, 'host'> {
  /** Clients without a credential may publish; what they say waits in the inbox. */
  readonly allowsAnonymous: boolean;
}

/** For a hub that is part of a program; the command line's port is 1883. */
export const mqttDefaults: MqttOptions = {
  ...{ port: null, mayLackPort: false, tls: null, allowsAnonymous: false },
  pendingPerAddressMax: brokerLimits.pendingPerAddressMax,
};
export const mqttPortDefault = 1_883;

export interface MqttWays {
  readonly broker: MqttBroker;
  /** Upgrades at /mqtt. */
  readonly sockets: MqttSockets;
  readonly native: MqttNative;
  figures(): Record<string, number>;
  open(host: string): Promise<MqttPorts>;
}

export interface MqttWaysParts {
  readonly options: MqttOptions;
  readonly state: StoredState;
  readonly store: Store;
  readonly roster: DeviceRoster;
  readonly identity: Identity;
  readonly desk: ForeignDesk;
  readonly speaking: SessionParts;
  readonly dialects: readonly Dialect[];
  readonly deviceOnLeft: (deviceId: string) => void;
  readonly log: Log;
}

export function makeMqttWays(parts: MqttWaysParts): MqttWays {
  const { options, store, roster, identity, desk, log } = parts;
  const nowMs = Date.now;
  const rows = parts.state.mqttRows ?? [];
  const claims = openClaims(rows, parts);
  const access = new MqttAccess({
    identity,
    roster,
    claims,
    allowsAnonymous: options.allowsAnonymous,
    // The widest first: it is asked for each message.
    dialectTopics: parts.dialects.flatMap(({ topics }) => topics).sort((a, b) => a.length - b.length),
    nowMs,
  });
  const persistence = new MqttPersistence(
    rows.filter(({ kind }) => kind !== 'claim'),
    {
      change: (change) => store.change(change),
      commit: (change) => store.commitChange(change),
      leftOutFirst: (what, whose) => log.warn({ of: whose }, leftOutTexts[what]),
    },
  );
  const native = new MqttNative(parts.speaking, nowMs);
  const { deviceOnLeft } = parts;
  const limits = { ...brokerLimits, pendingPerAddressMax: options.pendingPerAddressMax };
  const broker = new MqttBroker({
    ...{ access, persistence, native, log, nowMs, limits, deviceOnLeft },
    listRetained: () => putIntroductionsFirst(persistence.listRetained(), parts.dialects),
  });
  const sockets = new MqttSockets((stream, address) => broker.accept(stream, address), brokerLimits.packetBytesMax);
  const open = async (host: string) => {
    await broker.open(desk.open({ reply: (reply) => broker.publish(reply) }));
    // Sparkplug's nodes wait for their host's word before they say anything.
    broker.publish(makeHostState('lapwing', true, nowMs()));
    const ports = await listenMqtt({ host, ...options }, (socket, address) => broker.accept(socket, address));
    if (options.port !== null && ports.port === null) {
      log.warn({ port: options.port }, 'mqtt: something else listens on this port; choose another with --mqtt-port');
    }
    return ports;
  };
  const figures = () => ({
    ...broker.counters,
    ...persistence.figures(),
    clients: broker.count(),
    native: native.count(),
    claims: claims.size,
  });
  return { broker, sockets, native, figures, open };
}

const leftOutTexts = {
  retained:
    'mqtt: no room for more retained messages: this one was read, but who subscribes later will not find it; take some back by empty retained messages (said once; health counts them)',
  queued:
    'mqtt: the queue of a session that is away is full: newer messages are not kept for it (said once; health counts them)',
} as const;

function openClaims(rows: readonly StoredMqttRow[], parts: MqttWaysParts): TopicClaims {
  const { store, roster, identity, dialects } = parts;
  const stored = rows
    .filter(({ kind }) => kind === 'claim')
    .map(({ id, value }) => ({ key: id, deviceId: Buffer.from(value).toString() }));
  return new TopicClaims(stored, {
    rules: dialects,
    isAlive: (deviceId) => {
      const device = roster.devices.get(deviceId);
      return device !== undefined && identity.deviceTokenHash(device.key) !== null;
    },
    persist: (key, deviceId) => {
      const value = deviceId === null ? null : Buffer.from(deviceId);
      store.change({ kind: 'mqtt', rows: [{ kind: 'claim', client: '', id: key, value }] });
    },
  });
}
