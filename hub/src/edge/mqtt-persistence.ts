/**
 * What the MQTT broker keeps: retained messages, sessions' filters, messages queued for them, half-done QoS 2, wills. As the broker
 * (aedes) asks for it; in memory, and each change told to the store, which writes it with its next group.
 *
 * Owns all of that. Bounds: so many retained messages and bytes, so many queued for one client; beyond them the newest is not kept.
 * A publisher's properties (who it was) are kept with its messages, so that what may be forwarded is judged in the same way later.
 */
import { Readable } from 'node:stream';
import type { StoreChange, StoredMqttRow } from '../core/ports.ts';
import { FilterTree, matchesFilter } from '../core/topic-filter.ts';
import { copyPacket, decodePacket, encodePacket, type KeptPacket } from './mqtt-kept-packets.ts';

type Sub = { topic: string; qos: number; rh?: number; rap?: boolean; nl?: boolean };
type ClientSub = Sub & { clientId: string };
interface Named {
  readonly id: string;
}
interface Queued {
  readonly row: string;
  packet: KeptPacket;
  /** Without its number yet: not to be sent. */
  isEarly?: boolean;
}

export interface PersistenceLimits {
  readonly retainedMax: number;
  readonly retainedBytesMax: number;
  readonly queuedMax: number;
}
export const persistenceLimits: PersistenceLimits = {
  retainedMax: 50_000,
  retainedBytesMax: 67_108_864,
  queuedMax: 1_000,
};

/** `commit` resolves when the change is durable. */
export interface PersistenceStore {
  change(change: StoreChange): void;
  commit(change: StoreChange): Promise<void>;
  /** Said once for each kind; how many, the figures tell. `whose`: the topic, or the client. */
  leftOutFirst?(what: 'retained' | 'queued', whose: string): void;
}
type MqttRows = (Omit<StoredMqttRow, 'value'> & { value: Uint8Array | null })[];

export class MqttPersistence {
  broker: { readonly id: string } = { id: '' };
  /** What found no room, though its publisher was answered: readings are stored all the same. */
  readonly leftOut = { retained: 0, queued: 0 };
  private readonly retained = new Map<string, KeptPacket>();
  private retainedBytes = 0;
  private readonly subscriptions = new Map<string, Map<string, Sub>>();
  private readonly tree = new FilterTree<ClientSub>();
  private readonly outgoing = new Map<string, Queued[]>();
  private readonly incoming = new Map<string, Map<number, KeptPacket>>();
  private readonly wills = new Map<string, KeptPacket>();
  /** Rises when somebody subscribes or no longer does. */
  subscriptionsVersion = 0;
  private nextRow = 1;
  private readonly store: PersistenceStore;
  /** What was kept before the broker asks for it, by the properties that a message takes along on its way through the broker. */
  private readonly prepared = new WeakMap<object, Queued[]>();
  /** While set, rows go together. */
  private gathered: MqttRows | null = null;
  private readonly limits: PersistenceLimits;

  constructor(
    stored: readonly StoredMqttRow[],
    store: PersistenceStore,
    limits: PersistenceLimits = persistenceLimits,
  ) {
    this.store = store;
    this.limits = limits;
    for (const row of stored) this.load(row);
  }

  async setup(broker: { readonly id: string }): Promise<void> {
    this.broker = broker;
  }

  /** Of a session that is kept, with QoS 1 or 2. */
  hasSubscriber(topic: string): boolean {
    return this.tree.size > 0 && this.tree.match(topic).length > 0;
  }

  propertiesOfRetained(topic: string): object | undefined {
    return this.retained.get(topic)?.properties;
  }

  listRetained(): KeptPacket[] {
    return [...this.retained.values()];
  }

  /**
   * Keeps what a message of QoS 1 or 2 leaves behind (retained, or queued for sessions that are away) before it is answered: the broker
   * would do so afterwards. Null where there is nothing; else it resolves when that is durable. What is queued is sent to nobody before
   * the broker has given it its number, since clients judge by that what is a double.
   */
  prepare(packet: KeptPacket, clientId: string): Promise<void> | null {
    const subs = this.tree.match(packet.topic!);
    if (packet.retain !== true && subs.length === 0) return null;
    const isRepeated = packet.qos === 2 && this.incoming.get(clientId)?.has(packet.messageId!) === true;
    if (isRepeated) return null;
    packet.properties = { ...packet.properties };
    const rows: MqttRows = [];
    this.gathered = rows;
    if (packet.retain === true) this.keepRetained(packet);
    const queued = this.enqueue(subs, packet);
    for (const one of queued) one.isEarly = true;
    this.prepared.set(packet.properties, queued);
    this.gathered = null;
    return rows.length === 0 ? null : this.store.commit({ kind: 'mqtt', rows });
  }

  async storeRetained(given: KeptPacket): Promise<void> {
    if (given.properties === undefined || !this.prepared.has(given.properties)) this.keepRetained(given);
  }

  private keepRetained(given: KeptPacket): void {
    const topic = given.topic!;
    const before = this.retained.get(topic);
    const packet = { ...given };
    const bytes = (packet.payload?.length ?? 0) + topic.length;
    const bytesBefore = before === undefined ? 0 : before.payload!.length + topic.length;
    let isEmpty = (packet.payload?.length ?? 0) === 0;
    const isFull =
      (before === undefined && this.retained.size >= this.limits.retainedMax) ||
      this.retainedBytes - bytesBefore + bytes > this.limits.retainedBytesMax;
    if (!isEmpty && isFull) {
      this.noteLeftOut('retained', topic);
      // What stood there is no longer the newest: nothing is better than an old value that looks new.
      isEmpty = true;
    }
    this.retainedBytes += (isEmpty ? 0 : bytes) - bytesBefore;
    if (isEmpty) this.retained.delete(topic);
    else this.retained.set(topic, packet);
    if (!isEmpty || before !== undefined)
      this.put({ kind: 'retained', client: '', id: topic }, isEmpty ? null : encodePacket(packet));
  }

  private noteLeftOut(what: 'retained' | 'queued', whose: string): void {
    this.leftOut[what] += 1;
    if (this.leftOut[what] === 1) this.store.leftOutFirst?.(what, whose);
  }

  figures(): Record<string, number> {
    const { retained, queued } = this.leftOut;
    return {
      retained: this.retained.size,
      retainedBytes: this.retainedBytes,
      retainedLeftOut: retained,
      queuedLeftOut: queued,
    };
  }

  createRetainedStreamCombi(patterns: readonly string[]): Readable {
    const found: KeptPacket[] = [];
    for (const pattern of patterns) {
      const exact = /[+#]/.test(pattern) ? null : this.retained.get(pattern);
      if (exact !== null) found.push(...(exact === undefined ? [] : [exact]));
      else for (const [topic, packet] of this.retained) if (matchesFilter(pattern, topic)) found.push(packet);
    }
    return Readable.from(found);
  }

  createRetainedStream(pattern: string): Readable {
    return this.createRetainedStreamCombi([pattern]);
  }

  async addSubscriptions(client: Named, subs: readonly Sub[]): Promise<void> {
    const known = this.subscriptions.get(client.id) ?? new Map<string, Sub>();
    this.subscriptions.set(client.id, known);
    for (const { topic, qos, rh, rap, nl, ...more } of subs) {
      // An identifier of MQTT 5, where there is one, comes back with its subscription.
      const sub = { topic, qos, rh, rap, nl, ...pickIdentifier(more) } as Sub;
      known.set(topic, sub);
      if (qos > 0) this.tree.set(topic, client.id, { clientId: client.id, topic, qos, rh, rap, nl } as ClientSub);
      else this.tree.delete(topic, client.id);
    }
    this.saveSubscriptions(client.id);
  }

  async removeSubscriptions(client: Named, topics: readonly string[]): Promise<void> {
    const known = this.subscriptions.get(client.id);
    if (known === undefined) return;
    for (const topic of topics) {
      known.delete(topic);
      this.tree.delete(topic, client.id);
    }
    if (known.size === 0) this.subscriptions.delete(client.id);
    this.saveSubscriptions(client.id);
  }

  async subscriptionsByClient(client: Named): Promise<Sub[]> {
    return [...(this.subscriptions.get(client.id)?.values() ?? [])].map((sub) => ({ ...sub }));
  }

  async countOffline(): Promise<{ subsCount: number; clientsCount: number }> {
    return { subsCount: this.tree.size, clientsCount: this.subscriptions.size };
  }

  async subscriptionsByTopic(topic: string): Promise<ClientSub[]> {
    return this.tree.match(topic);
  }

  async cleanSubscriptions(client: Named): Promise<void> {
    const known = this.subscriptions.get(client.id);
    if (known !== undefined) await this.removeSubscriptions(client, [...known.keys()]);
    for (const { row } of this.outgoing.get(client.id) ?? [])
      this.put({ kind: 'out', client: client.id, id: row }, null);
    this.outgoing.delete(client.id);
  }

  async outgoingEnqueue(sub: { readonly clientId: string }, packet: KeptPacket): Promise<void> {
    await this.outgoingEnqueueCombi([sub], packet);
  }

  async outgoingEnqueueCombi(subs: readonly { readonly clientId: string }[], packet: KeptPacket): Promise<void> {
    const queued = packet.properties === undefined ? undefined : this.prepared.get(packet.properties);
    if (queued === undefined) this.enqueue(subs, packet);
    for (const one of queued ?? []) {
      one.packet.brokerId = packet.brokerId!;
      one.packet.brokerCounter = packet.brokerCounter!;
      one.isEarly = false;
    }
  }

  private enqueue(subs: readonly { readonly clientId: string }[], packet: KeptPacket): Queued[] {
    const added: Queued[] = [];
    // One message for a client, however many of its filters match.
    for (const clientId of new Set(subs.map((sub) => sub.clientId))) {
      const queue = this.outgoing.get(clientId) ?? [];
      this.outgoing.set(clientId, queue);
      if (queue.length >= this.limits.queuedMax) {
        this.noteLeftOut('queued', clientId);
        continue;
      }
      const row = String(this.nextRow++).padStart(15, '0');
      const queued = { row, packet: copyPacket(packet) };
      queue.push(queued);
      added.push(queued);
      this.put({ kind: 'out', client: clientId, id: row }, encodePacket(queued.packet));
    }
    return added;
  }

  async outgoingUpdate(client: Named, packet: KeptPacket): Promise<void> {
    const queue = this.outgoing.get(client.id) ?? [];
    for (const queued of queue) {
      const known = queued.packet;
      const isSame = known.brokerId !== undefined && known.brokerId === packet.brokerId;
      if (isSame && known.brokerCounter === packet.brokerCounter) {
        known.messageId = packet.messageId;
        // Which number it goes by is not worth a write: after a restart it is sent under another one.
        return;
      }
      if (isSame || known.messageId !== packet.messageId) continue;
      queued.packet = packet;
      this.put({ kind: 'out', client: client.id, id: queued.row }, encodePacket(packet));
      return;
    }
    throw new Error('no such packet');
  }

  async outgoingClearMessageId(client: Named, packet: KeptPacket): Promise<KeptPacket | undefined> {
    const queue = this.outgoing.get(client.id) ?? [];
    const at = queue.findIndex((queued) => queued.packet.messageId === packet.messageId);
    if (at < 0) return undefined;
    const [gone] = queue.splice(at, 1);
    if (queue.length === 0) this.outgoing.delete(client.id);
    this.put({ kind: 'out', client: client.id, id: gone!.row }, null);
    return gone!.packet;
  }

  outgoingStream(client: Named): Readable {
    const queue = this.outgoing.get(client.id) ?? [];
    return Readable.from(queue.filter(({ isEarly }) => isEarly !== true).map(({ packet }) => packet));
  }

  async incomingStorePacket(client: Named, packet: KeptPacket): Promise<void> {
    const known = this.incoming.get(client.id) ?? new Map<number, KeptPacket>();
    this.incoming.set(client.id, known);
    const kept = { ...copyPacket(packet), messageId: packet.messageId };
    known.set(packet.messageId!, kept);
    // Only that it came matters when it comes again.
    this.put({ kind: 'in', client: client.id, id: String(packet.messageId) }, encodePacket({ cmd: 'publish', qos: 2 }));
  }

  async incomingGetPacket(client: Named, packet: KeptPacket): Promise<KeptPacket> {
    const known = this.incoming.get(client.id)?.get(packet.messageId!);
    if (known === undefined) throw new Error('no such packet');
    return known;
  }

  async incomingDelPacket(client: Named, packet: KeptPacket): Promise<void> {
    const known = this.incoming.get(client.id);
    if (known?.delete(packet.messageId!) !== true) throw new Error('no such packet');
    if (known.size === 0) this.incoming.delete(client.id);
    this.put({ kind: 'in', client: client.id, id: String(packet.messageId) }, null);
  }

  async cleanIncoming(client: Named): Promise<void> {
    for (const id of this.incoming.get(client.id)?.keys() ?? [])
      this.put({ kind: 'in', client: client.id, id: String(id) }, null);
    this.incoming.delete(client.id);
  }

  async putWill(client: Named, packet: KeptPacket): Promise<void> {
    packet.brokerId = this.broker.id;
    packet.clientId = client.id;
    this.wills.set(client.id, packet);
    this.put({ kind: 'will', client: client.id, id: '' }, encodePacket(packet));
  }

  async getWill(client: Named): Promise<KeptPacket | undefined> {
    return this.wills.get(client.id);
  }

  async delWill(client: Named): Promise<KeptPacket | undefined> {
    const will = this.wills.get(client.id);
    if (will !== undefined) this.put({ kind: 'will', client: client.id, id: '' }, null);
    this.wills.delete(client.id);
    return will;
  }

  streamWill(brokers: Readonly<Record<string, number>> = {}): Readable {
    return Readable.from([...this.wills.values()].filter(({ brokerId }) => brokers[brokerId ?? ''] === undefined));
  }

  getClientList(topic: string): Readable {
    const ids = [...this.subscriptions].filter(([, subs]) => subs.has(topic)).map(([id]) => id);
    return Readable.from(ids);
  }

  async destroy(): Promise<void> {
    this.retained.clear();
  }

  private saveSubscriptions(clientId: string): void {
    this.subscriptionsVersion += 1;
    const subs = this.subscriptions.get(clientId);
    const value = subs === undefined ? null : Buffer.from(JSON.stringify([...subs.values()]));
    this.put({ kind: 'subs', client: clientId, id: '' }, value);
  }

  private put(at: { kind: string; client: string; id: string }, value: Uint8Array | null): void {
    if (this.gathered === null) this.store.change({ kind: 'mqtt', rows: [{ ...at, value }] });
    else this.gathered.push({ ...at, value });
  }

  private load({ kind, client, id, value }: StoredMqttRow): void {
    if (kind === 'subs') {
      const subs = JSON.parse(Buffer.from(value).toString()) as Sub[];
      this.subscriptions.set(client, new Map(subs.map((sub) => [sub.topic, sub])));
      for (const sub of subs) if (sub.qos > 0) this.tree.set(sub.topic, client, { ...sub, clientId: client });
      return;
    }
    const packet = decodePacket(value);
    if (kind === 'retained') {
      this.retained.set(id, packet);
      this.retainedBytes += packet.payload!.length + id.length;
    } else if (kind === 'will') this.wills.set(client, packet);
    else if (kind === 'in') {
      const known = this.incoming.get(client) ?? new Map<number, KeptPacket>();
      this.incoming.set(client, known.set(Number(id), packet));
    } else if (kind === 'out') {
      const queue = this.outgoing.get(client) ?? [];
      queue.push({ row: id, packet: { ...packet, brokerId: keptBroker, brokerCounter: Number(id) } });
      this.outgoing.set(client, queue);
      this.nextRow = Math.max(this.nextRow, Number(id) + 1);
    }
  }
}

/** Of messages that a hub before this one queued. */
const keptBroker = 'kept';
function pickIdentifier(more: object): object {
  return 'subscriptionIdentifier' in more && more.subscriptionIdentifier !== undefined
    ? { subscriptionIdentifier: more.subscriptionIdentifier }
    : {};
}
