/**
 * The MQTT broker: MQTT 3.1.1 by aedes, with the hub's own word on who may come, what a packet must be, and when a message is taken.
 * The only file that uses `aedes`.
 *
 * Owns the clients and what is known of each. Invariants: PUBACK and PUBREC follow the commit of what the message said (aedes answers
 * before it publishes, so it is stored in `authorizePublish`); no client is ever waited for: who does not read loses QoS 0 messages,
 * then its link; bytes are counted before they are parsed. It decides nothing about readings.
 */
import type { Duplex } from 'node:stream';
import { Aedes, type AedesPublishPacket, type AuthenticateError, type Client, type Subscription } from 'aedes';
import type { FoundReply } from '../core/dialects/dialect.ts';
import type { ForeignChannel } from '../core/foreign-desk.ts';
import { PendingLinks } from '../core/pending-links.ts';
import { matchesFilter } from '../core/topic-filter.ts';
import { type Log, LogBudget } from './log.ts';
import { type MqttAccess, type MqttIdentity, type PublisherMark, sessionOwner } from './mqtt-access.ts';
import type { KeptPacket } from './mqtt-kept-packets.ts';
import { type BrokerLimits, type LinkClient, type LinkSink, MqttLink } from './mqtt-link.ts';
import type { MqttNative } from './mqtt-native.ts';
import { checkPacket, type ParsedPacket } from './mqtt-packets.ts';
import type { MqttPersistence } from './mqtt-persistence.ts';
import { type LiveTopics, MqttPublications } from './mqtt-publications.ts';

export interface BrokerParts {
  readonly access: MqttAccess;
  readonly persistence: MqttPersistence;
  readonly native: MqttNative;
  readonly log: Log;
  /** In the order in which it is to be read. */
  readonly listRetained: () => readonly KeptPacket[];
  readonly nowMs: () => number;
  readonly limits: BrokerLimits;
  /** A device's link came or went. */
  readonly deviceOnLeft: (deviceId: string) => void;
}

export interface BrokerCounters {
  connects: number;
  refusedConnects: number;
  /** Beyond the bound of all, or of one address without credentials. */
  refusedLinks: number;
  badPackets: number;
  publishes: number;
  /** Of these, past the broker. */
  shortened: number;
  refusedPublishes: number;
  leftOut: number;
  stalled: number;
}

/** What aedes keeps to itself and is needed all the same. */
type Inside = Client & {
  readonly _parser: { prependListener(event: 'packet', listener: (packet: ParsedPacket) => void): void };
  readonly _will: { readonly topic: string; properties?: object } | null | undefined;
};

export class MqttBroker {
  readonly counters: BrokerCounters = {
    ...{
      connects: 0,
      refusedConnects: 0,
      refusedLinks: 0,
      badPackets: 0,
      publishes: 0,
      shortened: 0,
      refusedPublishes: 0,
      leftOut: 0,
      stalled: 0,
    },
  };
  private readonly aedes: Aedes;
  private readonly parts: BrokerParts;
  private readonly links = new Map<Duplex, MqttLink>();
  /** Outlives the link: a will is published when that is gone. */
  private readonly identities = new WeakMap<Client, MqttIdentity>();
  private channel: ForeignChannel | null = null;
  private isPaused = false;
  private readonly refusals = new LogBudget(10);
  /** Apart from the others: SUBACK has no words, so that this line is all that a person has. */
  private readonly refusedFilters = new LogBudget(10);
  private readonly sink: LinkSink = {
    refuse: (link, wrong) => this.refuse(link, wrong),
    takeShort: (link, topic, publish) => {
      const isTaken = this.publications.takeShort(link, topic, publish);
      if (!isTaken) return false;
      this.counters.publishes += 1;
      this.counters.shortened += 1;
      return true;
    },
  };
  private readonly pending: PendingLinks;
  private readonly publications: MqttPublications;

  constructor(parts: BrokerParts) {
    this.parts = parts;
    const { limits } = parts;
    this.pending = new PendingLinks(limits.pendingPerAddressMax);
    this.aedes = new Aedes({
      persistence: parts.persistence,
      connectTimeout: limits.connectMsMax,
      drainTimeout: 2_000,
      maxTopicLevels: 32,
      maxClientsIdLength: 128,
      maxInflightInbound: 100,
      queueLimit: 64,
      concurrency: 1_000,
      preConnect: (client, packet, done) => this.preConnect(client, packet, done),
      authenticate: (client, ...[username, password, done]) => this.authenticate(client, { username, password }, done),
      authorizePublish: (client, packet, done) => this.authorizePublish(client, packet as AedesPublishPacket, done),
      authorizeSubscribe: (client, subscription, done) => this.authorizeSubscribe(client, subscription, done),
      authorizeForward: (client, packet) => this.authorizeForward(client, packet),
    });
    const { mq } = this.aedes as unknown as { mq: LiveTopics };
    this.publications = new MqttPublications(parts, mq);
    this.aedes.on('clientDisconnect', (client) => this.clientOnLeft(client));
    this.aedes.on('clientError', (client, error) => this.noteError(client, error));
    this.aedes.on('connectionError', (client, error) => this.noteError(client, error));
  }

  /** Where what is published goes. Hands it what is retained first, as last known values. */
  async open(channel: ForeignChannel): Promise<void> {
    this.channel = channel;
    this.publications.open(channel);
    await this.aedes.listen();
    const arrivedMs = this.parts.nowMs();
    for (const { topic = '', payload = Buffer.alloc(0), properties } of this.parts.listRetained()) {
      const sender = senderIn(properties);
      channel.take({ topic, payload, isLastKnown: true, arrivedMs, sender }, nobodyAsks, null);
    }
  }

  count(): number {
    return this.links.size;
  }

  /** A connection of any kind; it is read by the broker from now on. */
  accept(conn: Duplex, address: string): void {
    conn.on('error', ignore);
    const leavePending = this.links.size >= this.parts.limits.clientsMax ? null : this.pending.enter(address);
    if (leavePending === null) {
      this.counters.refusedLinks += 1;
      conn.destroy();
      return;
    }
    const link = new MqttLink({ conn, address, leavePending }, this.parts.limits, this.sink);
    this.links.set(conn, link);
    conn.once('close', () => {
      this.links.delete(conn);
      leavePending();
      this.publications.behind(link);
    });
    const client = this.aedes.handle(conn) as Inside & LinkClient;
    link.client = client;
    client._parser.prependListener('packet', (packet) => this.judge(link, packet));
    if (this.isPaused) link.hold();
  }

  publish({ topic, payload, qos, retain }: Pick<FoundReply, 'topic' | 'payload' | 'qos' | 'retain'>): void {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload);
    this.aedes.publish({ cmd: 'publish', topic, payload: bytes, qos, retain, dup: false }, ignore);
  }

  /** Under pressure nobody is read. */
  pause(): void {
    this.isPaused = true;
    for (const link of this.links.values()) link.hold();
  }

  resume(): void {
    this.isPaused = false;
    for (const link of this.links.values()) link.release();
  }

  /** About once a second. */
  sweep(nowMs: number): void {
    for (const link of this.links.values()) {
      if (link.isHeld && !this.isPaused) link.release();
      link.packetsBefore = link.meter.packets;
      if (link.isStalled(nowMs)) this.cutStalled(link);
    }
    this.parts.native.sweep(nowMs);
  }

  /** Ends the links of whoever has lost the right to have one. */
  checkRights(): void {
    for (const { identity, conn } of this.links.values()) {
      if (identity !== null && !this.parts.access.isGood(identity)) conn.destroy();
    }
  }

  async stop(): Promise<void> {
    for (const { conn } of this.links.values()) conn.destroy();
    await new Promise<void>((resolve) => this.aedes.close(resolve));
  }

  private judge(link: MqttLink, packet: ParsedPacket): void {
    const { limits } = this.parts;
    const wrong = checkPacket(packet, limits);
    if (wrong !== '') {
      // The broker ends the link of a client that sends what it does not know.
      packet.cmd = 'refused';
      this.refuse(link, wrong);
      return;
    }
    if (packet.cmd === 'connect') {
      const { keepalive = 0, clientId = '', clean } = packet;
      const secondsMax = limits.keepAliveSecondsMax;
      packet.keepalive = keepalive === 0 || keepalive > secondsMax ? secondsMax : keepalive;
      link.isWithoutId = clientId === '' && clean !== true;
    }
    if (link.meter.packets - link.packetsBefore > limits.packetsPerSecondMax) link.hold();
  }

  private refuse(link: MqttLink, wrong: string): void {
    this.counters.badPackets += 1;
    this.parts.log.warn({ address: link.address, client: link.client?.id }, `mqtt: ${wrong}`);
    link.conn.destroy();
  }

  private preConnect(client: Client, packet: object, done: (error: Error | null, isGood: boolean) => void): void {
    const { protocolVersion } = packet as ParsedPacket;
    if (protocolVersion === 5) {
      this.counters.refusedConnects += 1;
      const { address = '' } = this.linkOf(client) ?? {};
      this.parts.log.warn(
        { address },
        'mqtt: a client speaks MQTT 5; this broker speaks 3.1.1: choose protocol version 4 (3.1.1) in its settings',
      );
    }
    done(null, true);
  }

  private authenticate(
    client: Client,
    given: { username: string | undefined; password: Uint8Array | undefined },
    done: (error: AuthenticateError | null, isGood: boolean | null) => void,
  ): void {
    const link = this.linkOf(client);
    if (link === null) return;
    if (link.isWithoutId) return done(refusal(2, 'a session that is kept needs a client identifier'), null);
    const password = given.password === undefined ? '' : Buffer.from(given.password).toString('utf8');
    const credentials = { clientId: client.id, username: given.username ?? '', password };
    this.parts.access.identify(credentials).then(
      (identity) => {
        if (identity === null) {
          this.counters.refusedConnects += 1;
          this.warn({ address: link.address, client: client.id }, this.parts.access.explain(credentials));
          return done(refusal(5, 'unknown credentials'), null);
        }
        const { _will: will } = client as Inside;
        // Judged now: after a restart nobody is there to be asked.
        const refused = will ? this.parts.access.refusePublish(identity, will.topic) : '';
        if (will && refused !== '') {
          this.noteRefused(client, will.topic, refused);
          return done(refusal(5, 'the will is not allowed'), null);
        }
        this.counters.connects += 1;
        link.identity = identity;
        // Without a credential it is one of many of its address for as long as it lasts.
        if (identity.kind !== 'anonymous') link.leavePending();
        this.identities.set(client, identity);
        if (will && identity.kind !== 'reader') will.properties = identity.mark;
        // Two credentials may use one client identifier: a session, its queue and its link are one credential's.
        client.id = `${sessionOwner(identity)}/${client.id}`;
        done(null, true);
      },
      (error: unknown) => done(refusal(3, String(error)), null),
    );
  }

  private authorizePublish(
    client: Client | null,
    packet: AedesPublishPacket,
    done: (error?: Error | null) => void,
  ): void {
    const { access, native } = this.parts;
    if (client === null) return this.takeOldWill(packet, done);
    const identity = this.identities.get(client);
    if (identity === undefined) return done(new Error('not connected'));
    const { topic, payload } = packet;
    const refusal = access.refusePublish(identity, topic);
    if (refusal !== '') {
      this.noteRefused(client, topic, refusal);
      return done(new Error('not allowed'));
    }
    this.counters.publishes += 1;
    if (identity.kind !== 'reader') (packet as { properties?: object }).properties = identity.mark;
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(payload);
    if (identity.kind === 'device' && native.takes(topic, identity.deviceId)) {
      const link = this.linkOf(client);
      if (link !== null) this.publications.behind(link);
      native.take(client, identity.deviceId, bytes);
      return done(null);
    }
    const sender = identity.kind === 'device' ? identity.deviceId : null;
    this.publications.take({ client, link: this.linkOf(client), packet, bytes, sender }, done);
  }

  /** A will that a hub before this one kept: its right was checked when it came, and its sender stands in it. */
  private takeOldWill(packet: AedesPublishPacket, done: (error?: Error | null) => void): void {
    const sender = senderIn((packet as { properties?: object }).properties);
    const { topic } = packet;
    const said = { topic, payload: Buffer.from(packet.payload), isLastKnown: false, arrivedMs: this.parts.nowMs() };
    this.channel?.take({ ...said, sender }, nobodyAsks, null);
    done(null);
  }

  private authorizeSubscribe(
    client: Client,
    subscription: Subscription,
    done: (error: Error | null, subscription?: Subscription | null) => void,
  ): void {
    const identity = this.identities.get(client);
    const mayHave = identity !== undefined && this.parts.access.maySubscribe(identity, subscription.topic);
    const filter = subscription.topic;
    if (!mayHave && this.refusedFilters.take(this.parts.nowMs()))
      this.parts.log.warn(
        { client: client.id, filter },
        'mqtt: may not hear that: a device hears the hub and itself; API tokens hear everything',
      );
    done(null, mayHave ? subscription : null);
  }

  /** Null: it does not get this one. */
  private authorizeForward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    const link = this.linkOf(client);
    if (link?.identity === null || link === null) return null;
    const { access, persistence } = this.parts;
    let mark = (packet as { properties?: PublisherMark }).properties;
    // What aedes hands out because it was retained has lost whose it is.
    if (mark === undefined && packet.retain) mark = persistence.propertiesOfRetained(packet.topic) as PublisherMark;
    if (!access.mayHear(link.identity, packet.topic, mark?.from ?? null)) return null;
    lowerToGranted(client, packet);
    const { unsentBytesSoft, unsentBytesMax } = this.parts.limits;
    const unsent = link.conn.writableLength;
    if (unsent <= unsentBytesSoft) return packet;
    if (packet.qos === 0) {
      this.counters.leftOut += 1;
      return null;
    }
    if (unsent <= unsentBytesMax) return packet;
    this.cutStalled(link);
    return null;
  }

  private noteRefused(client: Client, topic: string, why: string): void {
    this.counters.refusedPublishes += 1;
    this.warn({ client: client.id, topic }, `may not publish there: ${why}`);
  }

  private warn(about: object, text: string): void {
    if (this.refusals.take(this.parts.nowMs())) this.parts.log.warn(about, `mqtt: ${text}`);
  }

  private cutStalled(link: MqttLink): void {
    this.counters.stalled += 1;
    this.parts.log.warn({ client: link.client?.id, address: link.address }, 'mqtt: a client does not read; cut');
    link.conn.destroy();
  }

  private clientOnLeft(client: Client): void {
    const identity = this.identities.get(client);
    this.parts.native.end(client);
    if (identity?.kind === 'device') this.parts.deviceOnLeft(identity.deviceId);
  }

  private noteError(client: Client, error: Error): void {
    this.parts.log.info({ client: client.id, err: error.message }, 'mqtt: a link ended');
  }

  private readonly linkOf = ({ conn }: Client): MqttLink | null => this.links.get(conn as Duplex) ?? null;
}

const nobodyAsks = { admits: false, once: null, isRepeated: false };

/** The device whose message a kept one is; null for one of nobody's. */
function senderIn(properties: object | undefined): string | null {
  const { from = null } = (properties ?? {}) as Partial<PublisherMark>;
  return from?.startsWith('?') === true ? null : from;
}

function refusal(returnCode: 2 | 3 | 5, message: string): AuthenticateError {
  return Object.assign(new Error(message), { returnCode }) as AuthenticateError;
}

function ignore(): void {
  // Whoever it is about is gone, and its link's own end tells it.
}

/** At most the QoS that was granted (MQTT-3.8.4-6): aedes knows it of a subscription to just this topic, and of no filter. */
function lowerToGranted(client: Client, packet: AedesPublishPacket): void {
  if (packet.qos === 0) return;
  const { subscriptions } = client as unknown as { subscriptions: Record<string, { qos: AedesPublishPacket['qos'] }> };
  let granted: AedesPublishPacket['qos'] | undefined;
  for (const [filter, { qos }] of Object.entries(subscriptions)) {
    if ((granted === undefined || qos > granted) && matchesFilter(filter, packet.topic)) granted = qos;
  }
  // None: it has waited for a session whose subscription is gone.
  if (granted !== undefined && granted < packet.qos) packet.qos = granted;
}
