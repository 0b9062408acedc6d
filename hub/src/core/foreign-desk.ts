/**
 * From a publication to its dialect: asks the readers of its source in their order, and hands what the first finds to the intake.
 *
 * Owns one reader of each dialect for each source (the hub's broker, HTTP, one bridge), so that what a reader remembers of one source
 * is not mixed with another's. It decides nothing about devices or storage; what no dialect knows goes to the inbox under its topic.
 */
import type { Dialect, DialectReader, Finding, FoundCommand, FoundReply, Publication } from './dialects/dialect.ts';
import { type ForeignBundle, readingsForBundle } from './foreign-bundle.ts';
import type { ForeignDelivery } from './foreign-delivery.ts';
import type { TopicHabit } from './foreign-habit.ts';
import type { ForeignIntake } from './foreign-intake.ts';
import type { ForeignDone } from './foreign-outcome.ts';
import type { OnceKey } from './once-keys.ts';

export interface ForeignSource {
  /** The hub publishes what a dialect asks for; absent where it cannot. */
  readonly reply?: (reply: FoundReply) => void;
  /** A device takes this command. */
  readonly commandOnLearnt?: (dialect: string, command: FoundCommand) => void;
}

export interface ForeignSender {
  /** Whether devices that nobody knows are let in at once. */
  readonly admits: boolean;
  readonly once: OnceKey | null;
  readonly content?: OnceKey;
  readonly isRepeated: boolean;
}

export const nobody: ForeignSender = { admits: false, once: null, isRepeated: false };

export class ForeignDesk {
  private readonly dialects: readonly Dialect[];
  private readonly intake: ForeignIntake;
  private readonly channels: ForeignChannel[] = [];

  constructor(dialects: readonly Dialect[], intake: ForeignIntake) {
    this.dialects = dialects;
    this.intake = intake;
  }

  /** A place where publications come from, with readers of its own. */
  open(source: ForeignSource): ForeignChannel {
    const channel = new ForeignChannel(this.dialects, this.intake, source);
    this.channels.push(channel);
    return channel;
  }

  close(channel: ForeignChannel): void {
    this.channels.splice(this.channels.indexOf(channel), 1);
  }

  /** About once a second: what readers wait for. */
  sweep(nowMs: number): void {
    for (const channel of this.channels) channel.sweep(nowMs);
  }
}

interface OpenReader {
  readonly dialect: string;
  readonly reader: DialectReader;
  readonly readsByShape: boolean;
}

export interface BundlePlace {
  readonly bundle: ForeignBundle;
  /** 0: nobody asks. */
  readonly packetId: number;
  /** What the sender says on this topic; learnt by it. */
  readonly habit: TopicHabit;
}

/** The payload is bytes[from … to). */
export interface AlikeMessage {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly arrivedMs: number;
  readonly once: OnceKey | null;
}

const noPayload = new Uint8Array(0);
const brace = 0x7b;

export class ForeignChannel {
  private readonly readers: readonly OpenReader[];
  private readonly intake: ForeignIntake;
  private readonly source: ForeignSource;
  /** How much dialects that remember something have been told: what one knows may take a topic from another. */
  private told = 0;

  constructor(dialects: readonly Dialect[], intake: ForeignIntake, source: ForeignSource) {
    this.readers = dialects.map((dialect) => ({
      dialect: dialect.name,
      reader: dialect.open(),
      readsByShape: dialect.readsByShape === true,
    }));
    this.intake = intake;
    this.source = source;
  }

  /** The dialect that knows it, '' for none. */
  take(publication: Publication, sender: ForeignSender, done: ForeignDone | null): string {
    for (const { dialect, reader, readsByShape } of this.readers) {
      if (!reader.matches(publication)) continue;
      if (!readsByShape) this.told += 1;
      const findings = reader.read(publication);
      this.intake.take(makeDelivery(dialect, publication, { sender, findings }), done);
      this.passOn(dialect, findings);
      return dialect;
    }
    // Of a device that has its own name here, an unknown topic is nobody's news; of the rest the inbox shows it.
    if (publication.sender === null) this.intake.noteUnknown(publication);
    const waiting = publication.sender === null ? 1 : 0;
    done?.({ ok: true, readings: 0, devices: [], waiting, faults: [], refused: [] });
    return '';
  }

  /** As `take`, with others of the same link in one batch where that can be; the bundle is told when it is committed. */
  takeBundled(publication: Publication, sender: ForeignSender, into: BundlePlace): void {
    const { bundle, packetId, habit } = into;
    const done: ForeignDone | null = packetId === 0 ? null : (outcome) => bundle.answer([packetId], outcome);
    for (const { dialect, reader, readsByShape } of this.readers) {
      if (!reader.matches(publication)) continue;
      if (!readsByShape) this.told += 1;
      const findings = reader.read(publication);
      if (readsByShape) this.learn(habit, { publication, dialect, reader });
      const delivery = makeDelivery(dialect, publication, { sender, findings });
      if (this.intake.bundle(bundle, delivery, packetId)) return;
      this.intake.take(delivery, done);
      this.passOn(dialect, findings);
      return;
    }
    this.intake.flushBundle(bundle);
    this.take(publication, sender, done);
  }

  private learn(
    habit: TopicHabit,
    { publication, dialect, reader }: { publication: Publication; dialect: string; reader: DialectReader },
  ): void {
    habit.learn(publication, dialect, (like) => readingsForBundle(reader.read(like)));
    habit.asOf = this.told;
  }

  /** As `takeBundled`, for a message like those before it; false: it is not, and nothing has happened. */
  takeAlike(message: AlikeMessage, { bundle, packetId, habit }: BundlePlace): boolean {
    if (!habit.isLearnt || message.bytes[message.from] !== brace || !this.isStillOf(habit, message)) return false;
    const values = habit.read(message.bytes, message.from, message.to);
    if (values === null) return false;
    const { arrivedMs, once } = message;
    return this.intake.bundleAlike(bundle, { habit, values, arrivedMs, once }, packetId);
  }

  /** Whether an object of JSON on this topic is its dialect's. */
  private isStillOf(habit: TopicHabit, { bytes, from, to, arrivedMs }: AlikeMessage): boolean {
    if (habit.asOf === this.told) return true;
    const { topic, sender } = habit;
    const publication = { topic, payload: bytes.subarray(from, to), isLastKnown: false, arrivedMs, sender };
    const first = this.readers.find(({ reader }) => reader.matches(publication));
    if (first?.dialect !== habit.dialect) return false;
    habit.asOf = this.told;
    return true;
  }

  /** Whatever its link says next comes behind it. */
  flush(bundle: ForeignBundle): void {
    this.intake.flushBundle(bundle);
  }

  sweep(nowMs: number): void {
    for (const { dialect, reader } of this.readers) {
      const findings = reader.sweep?.(nowMs) ?? [];
      if (findings.length === 0) continue;
      this.told += 1;
      const message = { dialect, topic: '', payload: noPayload, arrivedMs: nowMs, isLastKnown: false, sender: null };
      this.intake.take({ ...message, ...nobody, findings }, null);
      this.passOn(dialect, findings);
    }
  }

  private passOn(dialect: string, findings: readonly Finding[]): void {
    for (const finding of findings) {
      if (finding.type === 'reply') this.source.reply?.(finding);
      else if (finding.type === 'command') this.source.commandOnLearnt?.(dialect, finding);
    }
  }
}

function makeDelivery(
  dialect: string,
  { topic, payload, arrivedMs, isLastKnown, sender }: Publication,
  from: { readonly sender: ForeignSender; readonly findings: readonly Finding[] },
): ForeignDelivery {
  const { admits, once, content, isRepeated } = from.sender;
  const { findings } = from;
  return { dialect, topic, payload, findings, arrivedMs, isLastKnown, sender, admits, once, content, isRepeated };
}
