/**
 * What is handed to the foreign intake: a message with what its dialect found in it, or with the values that its sender's habit found.
 *
 * Types only.
 */
import type { Finding } from './dialects/dialect.ts';
import type { TopicHabit } from './foreign-habit.ts';
import type { OnceKey } from './once-keys.ts';

/** One message with what its dialect found in it. */
export interface ForeignDelivery {
  readonly dialect: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly findings: readonly Finding[];
  readonly arrivedMs: number;
  /** A last known value, not a fresh sample: its readings are left out. */
  readonly isLastKnown: boolean;
  /** The device whose credential the sender showed. */
  readonly sender: string | null;
  /** Whether devices that nobody knows are let in at once, or wait in the inbox. */
  readonly admits: boolean;
  /** Names the message where its sender may send it again; null where it will not. */
  readonly once: OnceKey | null;
  /** Where `once` is a name that the sender chose: the key of that name with what was said under it. */
  readonly content?: OnceKey | undefined;
  /** The sender says that it may have sent this before. */
  readonly isRepeated: boolean;
}

/** Who says it, and when. */
export type Speaker = Pick<ForeignDelivery, 'dialect' | 'sender' | 'arrivedMs' | 'admits' | 'isLastKnown'>;

export interface AlikeDelivery {
  readonly habit: Pick<TopicHabit, 'dialect' | 'sender' | 'readings'>;
  readonly values: Float64Array;
  readonly arrivedMs: number;
  readonly once: OnceKey | null;
}
