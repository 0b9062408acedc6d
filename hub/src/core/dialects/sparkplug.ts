/**
 * Sparkplug B 3.0, as a host application: births define, data refer to them, and a gap in the sequence asks for a rebirth.
 *
 * Owns, for each edge node, its birth, its metrics by name and alias, and what waits for an earlier sequence number. *Invariant:* what
 * follows a birth is read in the order of `seq` (0 … 255, shared by the node and its devices); what comes early waits at most
 * `reorderTimeoutMs`, then a rebirth is asked for and what waited is read as far as it can be. An NDEATH counts only with the `bdSeq` of
 * the birth that it ends.
 */
import { BoundedMap } from './bounded-map.ts';
import type { Dialect, DialectReader, Finding, FoundReply, Publication } from './dialect.ts';
import { FindingList } from './finding-list.ts';
import { defineMetrics, readMetrics, type SparkplugDefinitions } from './sparkplug-metrics.ts';
import { readSparkplug, type SparkplugPayload, writeRebirth } from './sparkplug-payload.ts';

const topicPattern = /^spBv1\.0\/([^/]+)\/(NBIRTH|NDEATH|NDATA|DBIRTH|DDEATH|DDATA|NCMD|DCMD)\/([^/]+)(?:\/([^/]+))?$/;
const nodesMax = 1_000;
const devicesOfNodeMax = 1_000;
/** Metrics defined by all births together. */
const definitionsMax = 200_000;
const waitingMax = 64;
export const reorderTimeoutMs = 2_000;
/** A node that cannot be understood is asked again, but not more often. */
const rebirthPauseMs = 30_000;

interface Told {
  readonly type: string;
  readonly device: string | null;
  readonly payload: SparkplugPayload;
  readonly arrivedMs: number;
}
interface EdgeNode {
  readonly group: string;
  readonly node: string;
  bdSeq: bigint | null;
  isBorn: boolean;
  /** The next sequence number; null when any will do, since a rebirth was asked for. */
  nextSeq: number | null;
  /** By device; '' is the node itself. */
  readonly definitions: Map<string, SparkplugDefinitions>;
  readonly waiting: Map<number, Told>;
  waitingSinceMs: number;
  rebirthAskedMs: number;
}

export const sparkplug: Dialect = {
  name: 'sparkplug',
  title: 'Sparkplug B',
  topics: ['spBv1.0/#'],
  owned: [/^spBv1\.0\/([^/]+)\/[^/]+\/([^/]+)/],
  hubOnly: ['spBv1.0/STATE/#', 'STATE/#'],
  open: () => new SparkplugReader(),
};

/** What the host says of itself: retained, QoS 1, and with the same time in its will. The source of publications sends it. */
export function makeHostState(hostId: string, isOnline: boolean, timestampMs: number): FoundReply {
  const payload = JSON.stringify({ online: isOnline, timestamp: timestampMs });
  return { type: 'reply', topic: `spBv1.0/STATE/${hostId}`, payload, qos: 1, retain: true };
}

class SparkplugReader implements DialectReader {
  readonly #nodes = new BoundedMap<string, EdgeNode>(nodesMax);
  #definitions = 0;

  matches({ topic }: Publication): boolean {
    return topic.startsWith('spBv1.0/');
  }

  read({ topic, payload, arrivedMs }: Publication): readonly Finding[] {
    const [, group, type, nodeName, device] = topicPattern.exec(topic) ?? [];
    if (group === undefined || type === undefined || nodeName === undefined) return [];
    // Commands are from hosts to nodes.
    if (type === 'NCMD' || type === 'DCMD') return [];
    const list = new FindingList();
    const id = `${group}/${nodeName}`;
    const said = readSparkplug(payload);
    if (said === null) list.fault(id, 'wrong-shape', `the payload of ${type} is no Sparkplug B protobuf`);
    else if (said.isCompressed)
      list.fault(id, 'unsupported', 'compressed payloads are not read: switch compression off');
    else if (type.startsWith('D') !== (device !== undefined)) {
      list.fault(id, 'wrong-shape', `${type} has ${device === undefined ? 'no' : 'a'} device in its topic`);
    } else {
      const node = this.#open(group, nodeName);
      this.#hear(list, node, { type, device: device ?? null, payload: said, arrivedMs });
    }
    return list.findings;
  }

  sweep(nowMs: number): readonly Finding[] {
    const list = new FindingList();
    for (const node of this.#nodes.values()) {
      if (node.waiting.size > 0 && nowMs - node.waitingSinceMs > reorderTimeoutMs) this.#giveUp(list, node, nowMs);
    }
    return list.findings;
  }

  #open(group: string, node: string): EdgeNode {
    const known = this.#nodes.get(`${group}/${node}`);
    if (known !== undefined) return known;
    const made: EdgeNode = {
      group,
      node,
      bdSeq: null,
      isBorn: false,
      nextSeq: null,
      definitions: new Map(),
      waiting: new Map(),
      waitingSinceMs: 0,
      rebirthAskedMs: Number.NEGATIVE_INFINITY,
    };
    const evicted = this.#nodes.set(`${group}/${node}`, made);
    if (evicted !== undefined) this.#clearDefinitions(evicted);
    return made;
  }

  #hear(list: FindingList, node: EdgeNode, told: Told): void {
    const { type, payload } = told;
    if (type === 'NDEATH') this.#readDeath(list, node, payload);
    else if (type === 'NBIRTH') this.#readNodeBirth(list, node, told);
    else if (!node.isBorn) {
      const text = `${type} came before any NBIRTH: a rebirth was asked for`;
      list.fault(idOf(node, null), 'sequence', text);
      askForRebirth(list, node, told.arrivedMs);
    } else if (payload.seq === null || payload.seq > 255) {
      list.fault(idOf(node, told.device), 'wrong-shape', `${type} has no sequence number from 0 to 255`);
    } else this.#takeInOrder(list, node, { ...told, seq: payload.seq });
  }

  #takeInOrder(list: FindingList, node: EdgeNode, told: Told & { seq: number }): void {
    const { seq } = told;
    if (node.nextSeq === null || seq === node.nextSeq) {
      this.#apply(list, node, told);
      if (node.nextSeq !== null) node.nextSeq = (seq + 1) % 256;
      this.#applyWaiting(list, node, told.arrivedMs);
      return;
    }
    if ((seq - node.nextSeq + 256) % 256 > 128) {
      list.fault(
        idOf(node, told.device),
        'sequence',
        `sequence number ${seq} was there already; ${node.nextSeq} comes next`,
      );
      return;
    }
    if (node.waiting.size === 0) node.waitingSinceMs = told.arrivedMs;
    node.waiting.set(seq, told);
    if (node.waiting.size > waitingMax || told.arrivedMs - node.waitingSinceMs > reorderTimeoutMs) {
      this.#giveUp(list, node, told.arrivedMs);
    }
  }

  #applyWaiting(list: FindingList, node: EdgeNode, nowMs: number): void {
    for (;;) {
      const next = node.nextSeq === null ? undefined : node.waiting.get(node.nextSeq);
      if (next === undefined || node.nextSeq === null) break;
      node.waiting.delete(node.nextSeq);
      this.#apply(list, node, next);
      node.nextSeq = (node.nextSeq + 1) % 256;
    }
    node.waitingSinceMs = nowMs;
  }

  /** The missing number will not come (QoS 0). What waited are samples all the same, and are read in their order. */
  #giveUp(list: FindingList, node: EdgeNode, nowMs: number): void {
    const missing = node.nextSeq ?? 0;
    const text = `sequence number ${missing} did not come within ${reorderTimeoutMs / 1000} s: a rebirth was asked for`;
    list.fault(idOf(node, null), 'sequence', text);
    const waited = [...node.waiting].sort(([a], [b]) => ((a - missing + 256) % 256) - ((b - missing + 256) % 256));
    node.waiting.clear();
    node.nextSeq = null;
    for (const [, told] of waited) this.#apply(list, node, told);
    askForRebirth(list, node, nowMs);
  }

  #apply(list: FindingList, node: EdgeNode, told: Told): void {
    const id = idOf(node, told.device);
    if (told.type === 'DDEATH') {
      list.availability(id, 'offline');
      return;
    }
    if (told.type === 'DBIRTH') {
      list.availability(id, 'online');
      list.facts(id, { name: told.device ?? node.node, via: idOf(node, null) });
      this.#define(list, node, told);
    }
    const definitions = node.definitions.get(told.device ?? '');
    if (definitions === undefined) {
      list.fault(
        id,
        'unknown-alias',
        `data came before the birth of ${told.device ?? 'the node'}: a rebirth was asked for`,
      );
      askForRebirth(list, node, told.arrivedMs);
    } else if (readMetrics(list, { device: id, definitions, payload: told.payload }))
      askForRebirth(list, node, told.arrivedMs);
  }

  #readNodeBirth(list: FindingList, node: EdgeNode, told: Told): void {
    const { payload } = told;
    this.#clearDefinitions(node);
    node.waiting.clear();
    node.isBorn = true;
    node.bdSeq = bdSeqOf(payload);
    node.nextSeq = payload.seq === null ? null : (payload.seq + 1) % 256;
    node.rebirthAskedMs = Number.NEGATIVE_INFINITY;
    const id = idOf(node, null);
    list.availability(id, 'online');
    list.facts(id, { name: node.node, address: id });
    this.#define(list, node, told);
    const definitions = node.definitions.get('');
    if (definitions !== undefined) readMetrics(list, { device: id, definitions, payload });
  }

  #define(list: FindingList, node: EdgeNode, { device, payload }: Told): void {
    const key = device ?? '';
    this.#definitions -= node.definitions.get(key)?.byName.size ?? 0;
    node.definitions.delete(key);
    const isFull =
      this.#definitions + payload.metrics.length > definitionsMax || node.definitions.size >= devicesOfNodeMax;
    if (isFull || payload.isCut) {
      const text = `more metrics than are kept of all nodes together (${definitionsMax}), of a birth (5000) or devices of a node`;
      list.fault(idOf(node, device), 'too-large', text);
      if (isFull) return;
    }
    const defined = defineMetrics(list, idOf(node, device), payload);
    this.#definitions += defined.byName.size;
    node.definitions.set(key, defined);
  }

  #clearDefinitions(node: EdgeNode): void {
    for (const { byName } of node.definitions.values()) this.#definitions -= byName.size;
    node.definitions.clear();
  }

  #readDeath(list: FindingList, node: EdgeNode, payload: SparkplugPayload): void {
    const bdSeq = bdSeqOf(payload);
    // The will of a session that a newer birth has followed.
    if (node.isBorn && node.bdSeq !== null && bdSeq !== null && bdSeq !== node.bdSeq) return;
    for (const device of ['', ...node.definitions.keys()]) {
      if (device !== '') list.availability(idOf(node, device), 'offline');
    }
    list.availability(idOf(node, null), 'offline');
    this.#clearDefinitions(node);
    node.waiting.clear();
    node.isBorn = false;
  }
}

function idOf({ group, node }: EdgeNode, device: string | null): string {
  return device === null || device === '' ? `${group}/${node}` : `${group}/${node}/${device}`;
}

function bdSeqOf(payload: SparkplugPayload): bigint | null {
  const value = payload.metrics.find(({ name }) => name === 'bdSeq')?.value;
  return value?.type === 'int' || value?.type === 'long' ? value.value : null;
}

function askForRebirth(list: FindingList, node: EdgeNode, nowMs: number): void {
  if (nowMs - node.rebirthAskedMs < rebirthPauseMs) return;
  node.rebirthAskedMs = nowMs;
  list.reply(`spBv1.0/${node.group}/NCMD/${node.node}`, writeRebirth(nowMs));
}
