/**
 * Which device of this hub a foreign one is: by its dialect and what it is called there, or by the credential it came with.
 *
 * Owns these bindings (the store keeps them), each device's hub-made stream, and who is here according to its dialect. Invariants: a
 * name, once bound, stays bound, but for a blocked one that somebody unblocks; two names are never given one device id by chance. A credential's own device is what speaks first
 * under it in each dialect; others that come by the same credential are devices of their own, behind a gateway.
 */
import { deviceIdPattern } from '@lapwing/protocol';
import { ContentHash } from './content-hash.ts';
import type { DeviceRoster, DeviceState, SessionHandle } from './device-roster.ts';
import { ForeignStream } from './foreign-batch.ts';
import type { LiveFeed } from './live-feed.ts';
import type { DeviceKey, StoreChange, StoredForeignDevice } from './ports.ts';

/** Longer than this without a word, and ten times its own interval: gone, where the dialect does not say so itself. */
const silentMsMax = 300_000;
const silentIntervals = 10;
/** No dialect's names begin with it. */
const claimMark = '\u0001';
/** Names that may be blocked: each is a word of a person, so that more than this is a mistake or a nuisance. */
export const blockedMax = 1_000;
/** Of a gateway's devices, as many as a page lists. */
const behindMax = 500;
/** For how long a device that says it sleeps is believed. */
const sleepMsMax = 86_400_000;

export interface ForeignName {
  readonly dialect: string;
  readonly native: string;
}

/** What is known of a device beyond its readings. */
export interface ForeignFacts {
  name?: string;
  maker?: string;
  model?: string;
  address?: string;
  via?: string;
}

export interface ForeignDevice {
  readonly dialect: string;
  readonly device: DeviceState;
  readonly facts: ForeignFacts;
  stream: ForeignStream | null;
  /** Set while this dialect holds the device's place as "here". */
  presence: SessionHandle | null;
}

export interface ForeignDevicesParts {
  readonly roster: DeviceRoster;
  readonly feed: LiveFeed;
  readonly persist: (change: StoreChange) => void;
  /** A device was called something by itself. */
  readonly nameOnLearnt: (device: DeviceKey, name: string) => void;
  /** Its credential was revoked. */
  readonly deviceOnRevoked: (device: DeviceState) => void;
}

export class ForeignDevices {
  private readonly bound = new Map<string, DeviceKey | null>();
  private readonly known = new Map<DeviceKey, ForeignDevice>();
  private readonly parts: ForeignDevicesParts;

  constructor(stored: readonly StoredForeignDevice[], parts: ForeignDevicesParts) {
    this.parts = parts;
    for (const { dialect, native, device } of stored) this.bound.set(keyOf({ dialect, native }), device);
    // A row under a name with a mark before it says by whose credential the device of that name came.
  }

  /** The device of that name; 'blocked' by somebody; null: nobody has decided yet. */
  find(name: ForeignName): ForeignDevice | 'blocked' | null {
    const key = this.bound.get(keyOf(name));
    if (key === undefined) return null;
    if (key === null) return 'blocked';
    const device = this.parts.roster.deviceOf(key);
    return device === undefined ? null : this.open(name.dialect, device);
  }

  deviceOf(deviceId: string): DeviceState | undefined {
    return this.parts.roster.devices.get(deviceId);
  }

  /** The device that came under its own credential. */
  findOwn(name: ForeignName, sender: string): ForeignDevice | null {
    const device = this.parts.roster.devices.get(sender);
    if (device === undefined) return null;
    const own = { dialect: name.dialect, native: `\u0000${sender}` };
    if (this.bound.has(keyOf(own))) return name.native === sender ? this.open(name.dialect, device) : null;
    // The first that speaks under a credential is the credential's device; written down, so that it stays so.
    this.bind(own, device.key);
    if (name.native === sender) return this.open(name.dialect, device);
    this.bind(name, device.key);
    this.claim(name, sender);
    return this.open(name.dialect, device);
  }

  /** From now on only this credential speaks for that name. */
  claim({ dialect, native }: ForeignName, sender: string): void {
    const device = this.parts.roster.devices.get(sender);
    if (device !== undefined) this.bind({ dialect, native: claimMark + native }, device.key);
  }

  /** A name that came by somebody's credential is nobody else's to speak for; one that came by none is the first one's that has one. */
  maySpeakFor({ dialect, native }: ForeignName, sender: string | null): boolean {
    const claimed = this.bound.get(keyOf({ dialect, native: claimMark + native }));
    if (claimed !== undefined) return sender !== null && this.parts.roster.devices.get(sender)?.key === claimed;
    if (sender !== null && this.bound.get(keyOf({ dialect, native })) != null) this.claim({ dialect, native }, sender);
    return true;
  }

  /** By whose credential alone that name is spoken for; null: by anybody's. */
  claimerOf({ dialect, native }: ForeignName): DeviceState | null {
    const key = this.bound.get(keyOf({ dialect, native: claimMark + native }));
    return key === undefined || key === null ? null : (this.parts.roster.deviceOf(key) ?? null);
  }

  adopt(name: ForeignName, nowMs: number, deviceId = this.chooseId(name)): ForeignDevice {
    const device = this.parts.roster.enrol(deviceId, nowMs);
    this.bind(name, device.key);
    return this.open(name.dialect, device);
  }

  /** False: as many as may be are blocked. */
  block(name: ForeignName): boolean {
    if (this.find(name) !== 'blocked' && this.listBlocked().length >= blockedMax) return false;
    this.bind(name, null);
    return true;
  }

  /** What it says is heard again. False: it is not blocked. */
  unblock({ dialect, native }: ForeignName): boolean {
    if (this.find({ dialect, native }) !== 'blocked') return false;
    this.bound.delete(keyOf({ dialect, native }));
    this.parts.persist({ kind: 'foreignDeviceGone', dialect, native });
    return true;
  }

  /** Devices that came by this one's credential: it is their gateway. At most `behindMax`. */
  listBehind({ key }: DeviceState): DeviceState[] {
    const behind = new Set<DeviceState>();
    for (const [name, claimer] of this.bound) {
      if (claimer !== key || behind.size >= behindMax) continue;
      const device = this.claimedBy(name);
      if (device !== null && device.key !== key) behind.add(device);
    }
    return [...behind];
  }

  /** The device by whose credential this one came; null: none, or its own. */
  findGateway({ key }: DeviceState): DeviceState | null {
    for (const [name, claimer] of this.bound) {
      if (claimer === null || claimer === key || this.claimedBy(name)?.key !== key) continue;
      return this.parts.roster.deviceOf(claimer) ?? null;
    }
    return null;
  }

  /** The device of the name that a claim is about; null where the key is no claim. */
  private claimedBy(claim: string): DeviceState | null {
    const { dialect, native } = nameOf(claim);
    if (!native.startsWith(claimMark)) return null;
    const device = this.bound.get(keyOf({ dialect, native: native.slice(claimMark.length) }));
    return device === undefined || device === null ? null : (this.parts.roster.deviceOf(device) ?? null);
  }

  /** By name, as a list that a person reads. */
  listBlocked(): ForeignName[] {
    const names: ForeignName[] = [];
    for (const [key, device] of this.bound) if (device === null) names.push(nameOf(key));
    return names.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  /** What a device would be called. */
  chooseId({ dialect, native }: ForeignName): string {
    // tasmota_66E9AB says already what it is.
    const whole = native.toLowerCase().startsWith(dialect) ? native : `${dialect}-${native}`;
    const cleaned = whole.replace(/[^A-Za-z0-9._:-]+/g, '-');
    if (cleaned.length <= 64 && this.isFree(cleaned)) return cleaned;
    const hash = new ContentHash().add(native).value(40).toString(36).padStart(8, '0');
    const id = `${cleaned.slice(0, 55)}-${hash}`;
    if (!deviceIdPattern.test(id)) throw new Error(`${id} is no device id`);
    return id;
  }

  streamOf(foreign: ForeignDevice, nowMs: number): ForeignStream {
    foreign.stream ??= new ForeignStream(this.parts.roster, foreign.device, nowMs);
    return foreign.stream;
  }

  learnFacts(foreign: ForeignDevice, facts: ForeignFacts & { firmware?: string }): void {
    const { device } = foreign;
    const { firmware, ...rest } = facts;
    const nameBefore = foreign.facts.name;
    Object.assign(foreign.facts, rest);
    const { maker = '', model = '', name } = foreign.facts;
    const described = model.startsWith(maker) ? model : `${maker} ${model}`.trim();
    const learnt = { model: cutFact(described) || device.model, firmware: firmware ?? device.firmware };
    if (this.parts.roster.learnFacts(device, learnt)) this.parts.feed.publishDevice(device);
    if (name !== undefined && name !== nameBefore) this.parts.nameOnLearnt(device.key, name);
  }

  /** Here, as its dialect or its readings say. A session of the device's own counts more. */
  noteHere(foreign: ForeignDevice, nowMs: number): void {
    const { device } = foreign;
    if (foreign.presence !== null || device.session !== null) return;
    const handle: SessionHandle = {
      supersede: () => {
        if (foreign.presence === handle) foreign.presence = null;
      },
      revoke: () => {
        this.noteGone(foreign, Number.NaN);
        this.parts.deviceOnRevoked(device);
      },
    };
    foreign.presence = handle;
    this.parts.roster.attach(device, handle, nowMs);
    this.parts.feed.publishPresence(device);
  }

  /** Whoever speaks for another is here itself, though it may never say anything of its own. */
  noteRelay({ device }: ForeignDevice, sender: string | null, nowMs: number): void {
    if (sender === null || sender === device.deviceId) return;
    const gateway = this.parts.roster.devices.get(sender);
    const foreign = gateway === undefined ? undefined : this.known.get(gateway.key);
    if (gateway === undefined || foreign === undefined) return;
    this.noteHere(foreign, nowMs);
    gateway.lastSeenMs = nowMs;
  }

  noteAsleep(foreign: ForeignDevice, nowMs: number): void {
    this.noteHere(foreign, nowMs);
    this.noteGone(foreign, nowMs + sleepMsMax);
  }

  noteGone(foreign: ForeignDevice, wakeMs: number): void {
    const { presence, device } = foreign;
    if (presence === null) return;
    foreign.presence = null;
    if (this.parts.roster.detach(device, presence, wakeMs)) this.parts.feed.publishPresence(device);
  }

  /** The link of a credential ended: whatever came by it alone is gone. */
  noteLinkEnded(deviceId: string): void {
    const device = this.parts.roster.devices.get(deviceId);
    const foreign = device === undefined ? undefined : this.known.get(device.key);
    if (foreign !== undefined) this.noteGone(foreign, Number.NaN);
  }

  sweep(nowMs: number): void {
    for (const foreign of this.known.values()) {
      const { device, presence } = foreign;
      if (presence === null) continue;
      const allowedMs = Math.max(silentMsMax, silentIntervals * device.intervalMs || 0);
      if (nowMs - device.lastSeenMs > allowedMs) this.noteGone(foreign, Number.NaN);
    }
  }

  private open(dialect: string, device: DeviceState): ForeignDevice {
    let foreign = this.known.get(device.key);
    if (foreign === undefined) {
      foreign = { dialect, device, facts: {}, stream: null, presence: null };
      this.known.set(device.key, foreign);
    }
    return foreign;
  }

  private bind(name: ForeignName, device: DeviceKey | null): void {
    this.bound.set(keyOf(name), device);
    this.parts.persist({ kind: 'foreignDevice', foreign: { ...name, device } });
  }

  private isFree(deviceId: string): boolean {
    return deviceIdPattern.test(deviceId) && !this.parts.roster.devices.has(deviceId);
  }
}

function cutFact(text: string): string {
  return text.length <= 42 ? text : text.slice(0, 42).toWellFormed();
}

function keyOf({ dialect, native }: ForeignName): string {
  return `${dialect} ${native}`;
}

/** No dialect's name has a space in it. */
function nameOf(key: string): ForeignName {
  const end = key.indexOf(' ');
  return { dialect: key.slice(0, end), native: key.slice(end + 1) };
}
