/**
 * Whose a topic is: the namespace of a device is its own, without anybody having written it down.
 *
 * Owns the claims. A topic belongs to the device that its levels name (an id with a credential), else to the first credential that
 * published there. Where a dialect says by its topics who speaks (`owned`), the name is claimed with all its topics; elsewhere the
 * topic alone, since `house/floor/room/sensor` is many devices' and no level of it is surely one's. Invariants: a claim stands as
 * long as its credential, also over a restart; bounded for each device and in all, its holder's oldest makes room. It refuses by a
 * sentence, and knows neither clients nor sockets.
 */
import { matchesFilter } from './topic-filter.ts';

/** What a dialect says of its topics. */
export interface TopicRules {
  readonly name: string;
  readonly owned?: readonly RegExp[];
  readonly shared?: readonly string[];
  readonly hubOnly?: readonly string[];
}

export interface StoredTopicClaim {
  readonly key: string;
  readonly deviceId: string;
}

export interface TopicClaimsParts {
  readonly rules: readonly TopicRules[];
  /** A device that has a credential. */
  readonly isAlive: (deviceId: string) => boolean;
  /** Null: nobody's again. */
  readonly persist: (key: string, deviceId: string | null) => void;
}

export interface TopicClaimsLimits {
  readonly perDeviceMax: number;
  readonly claimsMax: number;
}

export const topicClaimsLimits: TopicClaimsLimits = { perDeviceMax: 1_024, claimsMax: 65_536 };

/** Levels that may name a device; what is below them is its own business. */
const namingLevelsMax = 3;
const knownMax = 16_384;
/** No device's id. */
const everyone = '';
/** No topic has it: parts a dialect from a name. */
const between = '\u0000';

/** `shared`: the credential says whose it is. `hub`: the hub's alone. Else the key of a claim, and the names in the topic. */
type TopicPlace =
  | { readonly kind: 'shared' | 'hub' }
  | { readonly kind: 'owned'; readonly key: string; readonly names: readonly string[] };

export class TopicClaims {
  private readonly owners = new Map<string, string>();
  /** The oldest claim of a device first. */
  private readonly held = new Map<string, Set<string>>();
  /** Topic → who may publish there: what was judged already. */
  private readonly known = new Map<string, string>();
  private readonly parts: TopicClaimsParts;
  private readonly limits: TopicClaimsLimits;

  constructor(stored: readonly StoredTopicClaim[], parts: TopicClaimsParts, limits = topicClaimsLimits) {
    this.parts = parts;
    this.limits = limits;
    for (const { key, deviceId } of stored) this.add(key, deviceId);
  }

  get size(): number {
    return this.owners.size;
  }

  /** '' or why this device may not publish there. What was nobody's is its own from now on. */
  claim(topic: string, deviceId: string): string {
    const judged = this.known.get(topic);
    if (judged === deviceId || judged === everyone) return '';
    const place = this.placeOf(topic);
    if (place.kind === 'hub') return 'this topic is the hub’s own';
    if (place.kind === 'owned') {
      const owner = this.ownerAt(place);
      if (owner !== null && owner !== deviceId) {
        return `this topic belongs to the device ${owner}; use another one, or revoke the credential of ${owner}`;
      }
      if (owner === null) this.take(place.key, deviceId);
    }
    if (this.known.size >= knownMax) this.known.clear();
    this.known.set(topic, place.kind === 'owned' ? deviceId : everyone);
    return '';
  }

  /** As `claim` for whoever has no credential: nothing becomes its own. */
  refuseNobody(topic: string): string {
    const place = this.placeOf(topic);
    if (place.kind === 'hub') return 'this topic is the hub’s own';
    const owner = place.kind === 'owned' ? this.ownerAt(place) : null;
    return owner === null ? '' : `this topic belongs to the device ${owner}`;
  }

  /** Null: nobody's, many's, or the hub's. A filter with wildcards where a name would be has no owner. */
  ownerOf(topicOrFilter: string): string | null {
    const place = this.placeOf(topicOrFilter);
    return place.kind === 'owned' ? this.ownerAt(place) : null;
  }

  private ownerAt({ key, names }: { readonly key: string; readonly names: readonly string[] }): string | null {
    const holder = this.owners.get(key);
    if (holder !== undefined && this.parts.isAlive(holder)) return holder;
    return names.find((name) => this.parts.isAlive(name)) ?? null;
  }

  private placeOf(topic: string): TopicPlace {
    for (const { name, owned = [], shared = [], hubOnly = [] } of this.parts.rules) {
      if (hubOnly.some((filter) => matchesFilter(filter, topic))) return { kind: 'hub' };
      if (shared.some((filter) => matchesFilter(filter, topic))) return { kind: 'shared' };
      for (const pattern of owned) {
        const names = pattern.exec(topic)?.slice(1);
        if (names === undefined) continue;
        return { kind: 'owned', key: [name, ...names].join(between), names: names.flatMap((one) => one.split('/')) };
      }
    }
    return { kind: 'owned', key: topic, names: topic.split('/', namingLevelsMax) };
  }

  private take(key: string, deviceId: string): void {
    this.drop(key);
    const { perDeviceMax, claimsMax } = this.limits;
    if ((this.held.get(deviceId)?.size ?? 0) >= perDeviceMax) this.dropOldest(deviceId);
    else if (this.owners.size >= claimsMax) this.dropOldest(this.findRichest());
    this.add(key, deviceId);
    this.parts.persist(key, deviceId);
  }

  private add(key: string, deviceId: string): void {
    this.owners.set(key, deviceId);
    const held = this.held.get(deviceId);
    if (held === undefined) this.held.set(deviceId, new Set([key]));
    else held.add(key);
  }

  private dropOldest(deviceId: string): void {
    const [oldest] = this.held.get(deviceId)!;
    this.drop(oldest!);
    this.parts.persist(oldest!, null);
  }

  private drop(key: string): void {
    const holder = this.owners.get(key);
    if (holder === undefined) return;
    this.owners.delete(key);
    const held = this.held.get(holder)!;
    held.delete(key);
    if (held.size === 0) this.held.delete(holder);
    // A name stands for many topics.
    if (key.includes(between)) this.known.clear();
    else this.known.delete(key);
  }

  private findRichest(): string {
    let richest = '';
    let most = 0;
    for (const [deviceId, { size }] of this.held) {
      if (size <= most) continue;
      most = size;
      richest = deviceId;
    }
    return richest;
  }
}
