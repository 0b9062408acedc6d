/**
 * What dialects found becomes native: findings of a source go to devices of this hub, as batches of a stream that the hub makes.
 *
 * Owns the open bundles. Everything goes through Intake, and with it to live feed, completeness and newest values. Invariants: a
 * delivery is answered once, in the order in which deliveries came, and `ok` means that all it said is committed; what a sender repeats
 * (OnceKey) is stored once. Readings of devices that nobody let in go to the inbox and are not stored.
 */
import type { Finding, FoundEvent, FoundFault, FoundReading } from './dialects/dialect.ts';
import { ForeignAnswers } from './foreign-answers.ts';
import { type Framed, groupByDevice, packSaid } from './foreign-batch.ts';
import { type ForeignBundle, packBundle, readingsForBundle } from './foreign-bundle.ts';
import type { AlikeDelivery, ForeignDelivery, Speaker } from './foreign-delivery.ts';
import type { ForeignDevice, ForeignDevices, ForeignName } from './foreign-devices.ts';
import {
  explainRefused,
  type ForeignDone,
  type ForeignOutcome,
  nothingTaken,
  succeed,
  type Taken,
} from './foreign-outcome.ts';
import { type Inbox, inboxIdOf, listShown, type ShownReading } from './inbox.ts';
import type { Intake } from './intake.ts';
import { noteLastKnown } from './latest-values.ts';
import type { LiveFeed } from './live-feed.ts';
import type { OnceKey, OnceKeys } from './once-keys.ts';
import type { Store, StreamKey } from './ports.ts';

export interface ForeignCounters {
  messages: number;
  readings: number;
  repeated: number;
  faults: number;
  blocked: number;
  leftOut: number;
}

export interface ForeignParts {
  readonly store: Pick<Store, 'hurry' | 'keepTogether'>;
  readonly intake: Intake;
  readonly feed: LiveFeed;
  readonly devices: ForeignDevices;
  readonly inbox: Inbox;
  readonly onceKeys: OnceKeys;
  /** What somebody said could not be read; `device` where it is known, else the topic tells. */
  readonly noteFault?: (about: {
    readonly device: string | null;
    readonly topic: string;
    readonly text: string;
  }) => void;
}

export class ForeignIntake {
  readonly counters: ForeignCounters = { messages: 0, readings: 0, repeated: 0, faults: 0, blocked: 0, leftOut: 0 };
  readonly inbox: Inbox;
  readonly devices: ForeignDevices;
  private readonly parts: ForeignParts;
  private readonly answers: ForeignAnswers;
  /** How many deliveries the last hurried commit was for, with all before them. */
  private hurried = 0;
  /** With readings that are in no frame yet. */
  private readonly openBundles = new Map<ForeignBundle, ForeignDevice>();
  /** The same by the device: they come before whatever else is said of it. */
  private readonly bundles = new Map<ForeignDevice, ForeignBundle>();

  constructor(parts: ForeignParts) {
    this.parts = parts;
    this.inbox = parts.inbox;
    this.devices = parts.devices;
    this.answers = new ForeignAnswers(parts.onceKeys, () => this.unavailable());
  }

  /** `done` null: nobody asks. Else it is called once, now or when what was said is committed. */
  take(delivery: ForeignDelivery, done: ForeignDone | null): void {
    this.counters.messages += 1;
    const { once, content } = delivery;
    if (once !== null && delivery.isRepeated) {
      // Its twin may be in a bundle.
      this.flushBundles();
      if (this.answers.join(once, content, done)) {
        this.counters.repeated += 1;
        return;
      }
    }
    const taken = this.takeFindings(delivery);
    if (taken.isRefused) return this.refuse(done, taken);
    const { streams, seqs } = taken;
    const outcome = succeed(taken);
    if (done === null && once === null) return;
    if (streams.length === 0 && this.answers.count() === 0) return done?.(outcome);
    const onces = listOnces(delivery);
    this.answers.add({ streams, seqs, onces, outcome, dones: done === null ? [] : [done], isAbandoned: false });
  }

  /**
   * Adds a message to the bundle, which is answered for it; false: it is not one for a bundle, and `take` is to be asked, behind what
   * the bundle has. A bundle is closed by `hurryCommits` at the latest.
   */
  bundle(bundle: ForeignBundle, delivery: ForeignDelivery, packetId: number): boolean {
    const readings = delivery.isRepeated ? null : readingsForBundle(delivery.findings);
    if (readings === null || !this.openBundle(bundle, delivery, readings[0]!.device)) {
      this.flushBundle(bundle);
      return false;
    }
    this.counters.messages += 1;
    bundle.add({ arrivedMs: delivery.arrivedMs, readings });
    this.noteAdded(bundle, delivery.once, packetId);
    return true;
  }

  /** The same for a message that is as its sender's habit says. */
  bundleAlike(bundle: ForeignBundle, { habit, values, arrivedMs, once }: AlikeDelivery, packetId: number): boolean {
    const { dialect, sender, readings } = habit;
    const native = readings[0]!.device;
    if (!bundle.isOf(dialect, native)) {
      const from = { dialect, sender, arrivedMs, admits: true, isLastKnown: false };
      if (!this.openBundle(bundle, from, native)) return false;
    }
    this.counters.messages += 1;
    bundle.addAlike(readings, values, arrivedMs);
    this.noteAdded(bundle, once, packetId);
    return true;
  }

  private noteAdded(bundle: ForeignBundle, once: OnceKey | null, packetId: number): void {
    if (once !== null) bundle.onces.push(once);
    if (packetId > 0) bundle.packetIds.push(packetId);
    if (bundle.isFull()) this.flushBundle(bundle);
  }

  /** What is in it becomes a batch now. */
  flushBundle(bundle: ForeignBundle): void {
    const foreign = this.openBundles.get(bundle);
    if (foreign === undefined) return;
    this.openBundles.delete(bundle);
    this.bundles.delete(foreign);
    const content = bundle.take();
    const { onces, packetIds, arrivedMs } = content;
    this.devices.noteHere(foreign, arrivedMs);
    const into = this.devices.streamOf(foreign, arrivedMs);
    const { stream } = into;
    let seq = stream.progress.received;
    const packed = packBundle(into, content, seq);
    const frames = packed.frames.map((frame): Framed => ({ stream, seq: ++seq, frame, event: null }));
    const taken = nothingTaken();
    taken.readings = packed.readings;
    this.counters.leftOut += packed.leftOut;
    this.appendAll(frames, { onces, arrivedMs }, taken);
    if (into.takeLearnt()) this.parts.feed.publishDevice(foreign.device);
    const done: ForeignDone = (outcome) => bundle.answer(packetIds, outcome);
    if (taken.isRefused) this.refuse(packetIds.length === 0 ? null : done, taken);
    else if (packetIds.length > 0) {
      const { streams, seqs } = taken;
      const outcome = succeed(taken);
      this.answers.add({ streams, seqs, onces, outcome, dones: [done], isAbandoned: false });
    }
  }

  private flushBundleOf(foreign: ForeignDevice): void {
    const bundle = this.bundles.get(foreign);
    if (bundle !== undefined) this.flushBundle(bundle);
  }

  private flushBundles(): void {
    for (const bundle of this.openBundles.keys()) this.flushBundle(bundle);
  }

  /** Whether the bundle is this device's, and may be. */
  private openBundle(bundle: ForeignBundle, delivery: Speaker, native: string): boolean {
    const { dialect } = delivery;
    if (bundle.isOf(dialect, native)) return true;
    this.flushBundle(bundle);
    const foreign = this.findDevice({ dialect, native }, delivery);
    if (foreign === null || typeof foreign === 'string') return false;
    this.flushBundleOf(foreign);
    this.bundles.set(foreign, bundle);
    bundle.isOpen = true;
    bundle.dialect = dialect;
    bundle.native = native;
    this.openBundles.set(bundle, foreign);
    return true;
  }

  /** A topic that no dialect knows, of a sender without a device. */
  noteUnknown(message: { readonly topic: string; readonly payload: Uint8Array; readonly arrivedMs: number }): void {
    const topic = { dialect: '', native: message.topic.slice(0, 128) };
    if (this.devices.find(topic) === null) this.inbox.note(topic, message, []);
  }

  /** Lets in a device of the inbox, under an id of its own or the one given. */
  adopt(name: ForeignName, nowMs: number, deviceId?: string): ForeignDevice {
    const waiting = this.inbox.find(inboxIdOf(name));
    const foreign = this.devices.adopt(name, nowMs, deviceId);
    if (waiting !== null) {
      this.devices.learnFacts(foreign, waiting.facts);
      this.noteLastKnown(foreign, listShown(waiting), nowMs);
      foreign.stream?.takeLearnt();
    }
    this.inbox.remove(name);
    this.parts.feed.publishDevice(foreign.device);
    return foreign;
  }

  /** What it says from now on is passed over. False: too many are blocked. */
  block(name: ForeignName): boolean {
    const isDone = this.devices.block(name);
    if (isDone) this.inbox.setAside(name);
    return isDone;
  }

  unblock(name: ForeignName): void {
    if (this.devices.unblock(name)) this.inbox.bringBack(name);
  }

  waitingCount(): number {
    return this.answers.count();
  }

  /** After Intake has heard of a commit. */
  storeOnCommitted(): void {
    this.answers.settle();
  }

  /** After Intake has heard that the store dropped what was queued. */
  storeOnAbandoned(streams: readonly StreamKey[]): void {
    this.answers.abandon(streams);
    this.answers.settle();
  }

  /**
   * Somebody may wait: called often enough (25 ms) that nobody waits long, and rarely enough that many share a commit. While one is on
   * its way for somebody, who came later waits for it: who is answered by it says the next thing, and all of that shares the next one.
   */
  hurryCommits(): void {
    if (!this.answers.areAnswered(this.hurried)) return;
    this.flushBundles();
    this.hurried = this.answers.added;
    if (this.waitingCount() > 0) this.parts.store.hurry();
  }

  private takeFindings(delivery: ForeignDelivery): Taken {
    const taken = nothingTaken();
    const byDevice = groupByDevice(delivery.findings);
    for (const finding of delivery.findings) {
      if (finding.type !== 'fault') continue;
      taken.faults.push(finding.text);
      this.noteFault(finding, delivery);
    }
    // Of nobody that its dialect knows: somebody should see that it is there.
    if (byDevice.size === 0 && taken.faults.length > 0 && delivery.sender === null && !delivery.admits) {
      this.noteUnknown(delivery);
    }
    const frames: Framed[] = [];
    for (const [native, findings] of byDevice) {
      const name = { dialect: delivery.dialect, native };
      const foreign = this.findDevice(name, delivery);
      if (foreign === 'blocked' || foreign === 'anothers') {
        this.counters.blocked += 1;
        const text = explainRefused(name, foreign === 'blocked' ? null : this.devices.claimerOf(name));
        taken.refused.push(text);
        const { sender: device, topic } = delivery;
        if (foreign === 'anothers') this.parts.noteFault?.({ device, topic, text });
      } else if (foreign === null) {
        taken.waiting += 1;
        this.inbox.note(name, delivery, findings);
      } else this.takeDevice(foreign, findings, { delivery, taken, frames });
    }
    const { arrivedMs } = delivery;
    this.appendAll(frames, { onces: listOnces(delivery), arrivedMs }, taken);
    return taken;
  }

  /** Counted, told, and shown at its device where that is known; a device has as much of it as of its own errors: the newest. */
  private noteFault(
    { device: native, code, text }: FoundFault,
    { dialect, topic, arrivedMs, sender }: ForeignDelivery,
  ): void {
    this.counters.faults += 1;
    const name = native === null ? null : this.devices.find({ dialect, native });
    const own = sender === null ? undefined : this.devices.deviceOf(sender);
    const device = name === null || name === 'blocked' ? own : name.device;
    if (device !== undefined) device.lastError = { atMs: arrivedMs, code };
    this.parts.noteFault?.({ device: device?.deviceId ?? null, topic, text });
  }

  private findDevice(
    name: ForeignName,
    delivery: Omit<Speaker, 'dialect'>,
  ): ForeignDevice | 'blocked' | 'anothers' | null {
    const known = this.devices.find(name);
    if (known !== null) {
      if (known === 'blocked') return known;
      if (!this.devices.maySpeakFor(name, delivery.sender)) return 'anothers';
      if (!delivery.isLastKnown) this.devices.noteRelay(known, delivery.sender, delivery.arrivedMs);
      return known;
    }
    const own = delivery.sender === null ? null : this.devices.findOwn(name, delivery.sender);
    if (own !== null || !delivery.admits) return own;
    const foreign = this.devices.adopt(name, delivery.arrivedMs);
    if (delivery.sender !== null) this.devices.claim(name, delivery.sender);
    this.parts.feed.publishDevice(foreign.device);
    return foreign;
  }

  private takeDevice(
    foreign: ForeignDevice,
    findings: readonly Finding[],
    { delivery, taken, frames }: { delivery: ForeignDelivery; taken: Taken; frames: Framed[] },
  ): void {
    const { arrivedMs } = delivery;
    this.flushBundleOf(foreign);
    const fresh: FoundReading[] = [];
    const historical: FoundReading[] = [];
    const events: FoundEvent[] = [];
    for (const finding of findings) {
      if (finding.type === 'reading') (finding.isHistorical ? historical : fresh).push(finding);
      else if (finding.type === 'event') events.push(finding);
      else if (finding.type === 'facts') this.devices.learnFacts(foreign, finding);
      else if (finding.type === 'metric') this.devices.streamOf(foreign, arrivedMs).placeOf(finding);
      else if (finding.type === 'availability') this.noteAvailability(foreign, finding.state, delivery);
    }
    if (delivery.isLastKnown) this.noteLastKnown(foreign, fresh, arrivedMs);
    else if (fresh.length + historical.length + events.length > 0) {
      if (fresh.length > 0) this.devices.noteHere(foreign, arrivedMs);
      const packed = packSaid(this.devices.streamOf(foreign, arrivedMs), { fresh, historical, events }, arrivedMs);
      frames.push(...packed.frames);
      taken.readings += packed.readings;
      taken.devices.push(foreign.device.deviceId);
      this.counters.leftOut += packed.leftOut;
    }
    if (foreign.stream?.takeLearnt() === true) this.parts.feed.publishDevice(foreign.device);
  }

  /** Shown until there is a sample, and not stored: nobody knows when it was true. */
  private noteLastKnown(foreign: ForeignDevice, readings: readonly ShownReading[], nowMs: number): void {
    if (readings.length === 0) return;
    const into = this.devices.streamOf(foreign, nowMs);
    for (const reading of readings) {
      const place = into.placeOf(reading);
      if (place !== null) noteLastKnown(foreign.device.latest, into.stream.table[place.index]!, reading.value);
    }
  }

  /** All of a delivery in one transaction, its keys with the last frame. */
  private appendAll(frames: readonly Framed[], { onces, arrivedMs: nowMs }: Keyed, taken: Taken): void {
    if (frames.length > 1) {
      this.parts.store.keepTogether(frames.reduce((sum, { frame }) => sum + frame.length + entryBytesMax, 0));
    }
    frames.forEach(({ stream, seq, frame, event }, i) => {
      if (taken.isRefused) return;
      const arrived = { frame, nowMs, once: i === frames.length - 1 ? onces : null };
      const { intake } = this.parts;
      const fault = event === null ? intake.acceptBatch(stream, arrived) : intake.acceptEvent(stream, event, arrived);
      if (fault === null) {
        taken.streams.push(stream);
        taken.seqs.push(seq);
      } else if (fault.fault === 'storeUnavailable') taken.isRefused = true;
      else throw new Error(`the hub made a frame that it refuses: ${fault.text}`);
    });
    this.counters.readings += taken.readings;
  }

  /** That somebody was here, or slept, when a broker kept the word is no sign that he is: nothing came from him. */
  private noteAvailability(
    foreign: ForeignDevice,
    state: 'online' | 'offline' | 'asleep',
    { isLastKnown, arrivedMs: nowMs }: Pick<ForeignDelivery, 'isLastKnown' | 'arrivedMs'>,
  ): void {
    if (state === 'offline') this.devices.noteGone(foreign, Number.NaN);
    else if (isLastKnown) return;
    else if (state === 'online') this.devices.noteHere(foreign, nowMs);
    else this.devices.noteAsleep(foreign, nowMs);
  }

  private refuse(done: ForeignDone | null, { streams, seqs }: Taken): void {
    if (done === null) return;
    const outcome = this.unavailable();
    if (this.answers.count() === 0) return done(outcome);
    // Behind those before it; what it did append is committed or not, and it is told that it is not.
    this.answers.add({ streams, seqs, onces: [], outcome, dones: [done], isAbandoned: true });
  }

  private unavailable(): ForeignOutcome {
    const retryAfterMs = this.parts.intake.storeRetryMs;
    return { ok: false, why: 'store-unavailable', text: 'The store cannot take readings now', retryAfterMs };
  }
}

/** The name first: when it is forgotten, nobody asks for the rest. */
function listOnces({ once, content }: Pick<ForeignDelivery, 'once' | 'content'>): OnceKey[] {
  return [once, content].filter((key) => key !== null && key !== undefined);
}

/** Stream, number, time and length of a frame in its group, at most. */
const entryBytesMax = 32;

type Keyed = Pick<ForeignDelivery, 'arrivedMs'> & { readonly onces: readonly OnceKey[] };
