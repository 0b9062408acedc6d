/**
 * What a broker has retained, put in the order in which it can be understood: first who devices are, then what they said last.
 *
 * A broker hands retained messages out as it likes, and a state that comes before its discovery is nobody's. So what comes just after
 * subscribing is gathered for a moment. Owns what it has gathered, bounded: when it is full, or no more of it comes, it is
 * handed on. What is live meanwhile waits behind, in its order.
 */
import type { Publication } from './dialects/dialect.ts';

export interface Introducing {
  /** Topics in which devices say what they are. */
  readonly introduces?: readonly RegExp[];
}

/** The same messages, introductions first, else in their order. */
export function putIntroductionsFirst<T extends { readonly topic?: string }>(
  messages: readonly T[],
  dialects: readonly Introducing[],
): T[] {
  const patterns = dialects.flatMap(({ introduces = [] }) => introduces);
  const first: T[] = [];
  const rest: T[] = [];
  for (const message of messages) {
    const { topic = '' } = message;
    (patterns.some((pattern) => pattern.test(topic)) ? first : rest).push(message);
  }
  return [...first, ...rest];
}

/** Looks without a retained message since the one before; a broker sends them in one go. */
const quietLooks = 3;
const looksMax = 30;
const messagesMax = 20_000;
const bytesMax = 33_554_432;

export class RetainedFirst {
  private readonly dialects: readonly Introducing[];
  private retained: Publication[] = [];
  private live: Publication[] = [];
  private bytes = 0;
  /** Until the broker has said that it is subscribed, nothing can have come. */
  private isSubscribed = false;
  private looks = 0;
  private looksSinceRetained = 0;

  constructor(dialects: readonly Introducing[]) {
    this.dialects = dialects;
  }

  noteSubscribed(): void {
    this.isSubscribed = true;
  }

  /** False: it is full now. */
  add(publication: Publication): boolean {
    (publication.isLastKnown ? this.retained : this.live).push(publication);
    if (publication.isLastKnown) this.looksSinceRetained = 0;
    this.bytes += publication.payload.length + publication.topic.length;
    return this.retained.length + this.live.length < messagesMax && this.bytes < bytesMax;
  }

  /** Asked about ten times a second: whether all is there. By looks and not by the time, which passes also while nobody reads. */
  isComplete(): boolean {
    if (!this.isSubscribed) return false;
    this.looks += 1;
    this.looksSinceRetained += 1;
    return this.looksSinceRetained > quietLooks || this.looks >= looksMax;
  }

  take(): Publication[] {
    const all = [...putIntroductionsFirst(this.retained, this.dialects), ...this.live];
    this.retained = [];
    this.live = [];
    this.bytes = 0;
    return all;
  }
}
