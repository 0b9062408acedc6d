/**
 * From a PUBLISH to the foreign desk and back to its PUBACK: the broker's way, and the short way past it.
 *
 * The short way is for what is nearly every message of a device: whole in the bytes that came, QoS 0 or 1, neither retained nor marked
 * DUP, on a topic that came the broker's way before, and that nobody hears. aedes keeps everything else. Owns what is known of who
 * hears a topic. Invariants: PUBACK follows the commit; a link's PUBACKs go in the order of its PUBLISHes [MQTT-4.6.0-2], whichever
 * way each took; each right is asked for each message. Why: of a message's 27 µs aedes and a batch of its own took 20
 * (`npm run bench -- mqtt`).
 */
import type { AedesPublishPacket, Client } from 'aedes';
import { ForeignBundle } from '../core/foreign-bundle.ts';
import type { ForeignChannel } from '../core/foreign-desk.ts';
import { TopicHabit } from '../core/foreign-habit.ts';
import { makeOnceKey, type OnceKey, OnceKeyMaker } from '../core/once-keys.ts';
import type { MqttAccess } from './mqtt-access.ts';
import type { KeptPacket } from './mqtt-kept-packets.ts';
import type { BrokerLimits, LinkTopic, MqttLink, ShortPublish } from './mqtt-link.ts';
import type { MqttPersistence } from './mqtt-persistence.ts';

const heardMax = 16_384;

export interface PublicationParts {
  readonly access: MqttAccess;
  readonly persistence: MqttPersistence;
  readonly nowMs: () => number;
  readonly limits: BrokerLimits;
}

/** The broker's own subscribers; what is needed of its emitter. */
export interface LiveTopics {
  on(topic: string, ...more: unknown[]): unknown;
  removeListener(topic: string, ...more: unknown[]): unknown;
  readonly _matcher: { match(topic: string): { readonly length: number } };
}

interface Published {
  readonly client: Client;
  readonly link: MqttLink | null;
  readonly packet: AedesPublishPacket;
  readonly bytes: Buffer;
  readonly sender: string | null;
}

export class MqttPublications {
  private channel: ForeignChannel | null = null;
  private readonly parts: PublicationParts;
  private readonly live: LiveTopics;
  private readonly heard = new Map<string, boolean>();
  private heardVersion = 0;

  constructor(parts: PublicationParts, live: LiveTopics) {
    this.parts = parts;
    this.live = live;
    for (const name of ['on', 'removeListener'] as const) {
      const change = live[name].bind(live);
      live[name] = (topic: string, ...more: unknown[]) => {
        const done = change(topic, ...more);
        this.heard.clear();
        // The emitter takes listeners away in a later turn of the event loop.
        if (name === 'removeListener') setImmediate(() => this.heard.clear());
        return done;
      };
    }
  }

  open(channel: ForeignChannel): void {
    this.channel = channel;
  }

  /** The broker's way. */
  take({ client, link, packet, bytes, sender }: Published, done: (error?: Error | null) => void): void {
    const { topic, qos } = packet;
    const publication = { topic, payload: bytes, isLastKnown: false, arrivedMs: this.parts.nowMs(), sender };
    const { messageId } = packet as { messageId?: number };
    if (link !== null) this.behind(link);
    if (link !== null && sender !== null) learnTopic(link, { topic, sender }, this.parts.limits);
    // A will has no number, and nobody sends it again.
    if (qos === 0 || messageId === undefined) {
      this.channel?.take(publication, sender === null ? nobodyAsks : deviceAsks, null);
      return done(null);
    }
    const once = makeOnceKey([client.id, String(messageId), topic], bytes);
    const asker = { admits: sender !== null, once, isRepeated: packet.dup };
    if (link !== null) link.readOn();
    const kept = this.parts.persistence.prepare(packet as KeptPacket, client.id);
    this.channel?.take(publication, asker, (outcome) => {
      if (link !== null) link.unanswered -= 1;
      const tell = () => done(outcome.ok ? null : new Error(outcome.text));
      if (link === null) tell();
      else link.inOrder(outcome.ok ? kept : null, tell, done);
    });
  }

  /** The short way; false: not for it. */
  takeShort(link: MqttLink, known: LinkTopic, publish: ShortPublish): boolean {
    const { identity, client } = link;
    if (identity?.kind !== 'device' || client === null || this.channel === null) return false;
    const { topic, habit } = known;
    if (known.allowedIn !== link.stretch) {
      if (this.isHeard(topic) || this.parts.access.refusePublish(identity, topic) !== '') return false;
      known.allowedIn = link.stretch;
    }
    const { bytes, packetId, payloadAt: from, end: to } = publish;
    const arrivedMs = this.parts.nowMs();
    let once: OnceKey | null = null;
    if (packetId > 0) {
      link.unanswered += 1;
      once = makeKey(link, client.id, { packetId, topic }).finish(bytes, from, to);
    }
    link.bundle ??= new ForeignBundle((ids, { ok }) => link.acknowledge(ids, ok));
    const into = { bundle: link.bundle, packetId, habit };
    if (this.channel.takeAlike({ bytes, from, to, arrivedMs, once }, into)) return true;
    const sender = identity.deviceId;
    // A copy: the bytes are the socket's, and the inbox keeps some.
    const publication = {
      topic,
      payload: Buffer.from(bytes.subarray(from, to)),
      isLastKnown: false,
      arrivedMs,
      sender,
    };
    this.channel.takeBundled(publication, once === null ? deviceAsks : { ...deviceAsks, once }, into);
    return true;
  }

  /** What the link says next comes behind what it has said; also its end. */
  behind(link: MqttLink): void {
    if (link.bundle !== null) this.channel?.flush(link.bundle);
  }

  private isHeard(topic: string): boolean {
    const { persistence } = this.parts;
    if (persistence.subscriptionsVersion !== this.heardVersion || this.heard.size >= heardMax) this.heard.clear();
    this.heardVersion = persistence.subscriptionsVersion;
    const known = this.heard.get(topic);
    if (known !== undefined) return known;
    const isHeard = persistence.hasSubscriber(topic) || this.live._matcher.match(topic).length > 0;
    this.heard.set(topic, isHeard);
    return isHeard;
  }
}

/** By its bytes, as the short way sees it: what was a topic once is one always. */
function learnTopic(
  link: MqttLink,
  { topic, sender }: { topic: string; sender: string },
  { shortTopicsMax }: BrokerLimits,
): void {
  if (shortTopicsMax === 0) return;
  link.topics ??= new Map();
  const bytes = Buffer.from(topic);
  const name = bytes.toString('latin1');
  if (link.topics.has(name)) return;
  if (link.topics.size >= shortTopicsMax) link.forgetTopics();
  link.topics.set(name, { topic, bytes, habit: new TopicHabit(topic, sender), allowedIn: -1 });
}

/** What `makeOnceKey` would begin with. */
function makeKey(link: MqttLink, clientId: string, said: { packetId: number; topic: string }): OnceKeyMaker {
  if (link.keys === null) {
    link.keys = new OnceKeyMaker();
    link.keys.addText(clientId);
    link.keys.mark();
  }
  const { keys } = link;
  keys.start();
  keys.addNumber(said.packetId);
  keys.addText(said.topic);
  return keys;
}

const nobodyAsks = { admits: false, once: null, isRepeated: false };
const deviceAsks = { admits: true, once: null, isRepeated: false };
