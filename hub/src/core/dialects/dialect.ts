/**
 * What a dialect is: a way in which devices that never heard of Lapwing say their readings, as `match → decode → findings`.
 *
 * Types only. A dialect decides what a payload says and nothing else: it knows no socket, no clock and no store; what it must
 * remember (aliases, discovery, the last known status that a delta overlays) is in the reader that it opens, bounded. Findings are
 * the whole of its answer: wrong payloads are findings too, never exceptions.
 */
import type { EventLevel, MetricKind } from '@lapwing/protocol';

/** One message as it came: an MQTT publication, or the body of a request under the topic that its route stands for. */
export interface Publication {
  readonly topic: string;
  readonly payload: Uint8Array;
  /**
   * The broker had kept it and delivered it on subscribing: a last known value, not a fresh sample. False for what a device
   * publishes to the hub's own broker just now, even where it asks for it to be retained. Readers answer as to any other: it is
   * the intake that takes facts, metrics, commands and availability of a last known publication, and leaves its readings out.
   * After a start the intake hands what its broker has retained to the readers first, so that they know their devices again.
   */
  readonly isLastKnown: boolean;
  readonly arrivedMs: number;
  /** The device whose credential the sender showed, where it has one of its own; null for a gateway or bridge. */
  readonly sender: string | null;
}

/** Where a dialect's device is, in its own words (MAC, topic, node id): stable, unique within the dialect, 1 … 128 characters. */
export type NativeId = string;

export interface FoundReading {
  readonly type: 'reading';
  readonly device: NativeId;
  readonly metric: string;
  /** '' where the dialect does not say; a unit told later is added to the metric. */
  readonly unit: string;
  readonly kind: MetricKind;
  /** Bools as 0 and 1. Numbers are finite or the dialect's own NaN for "no value" (left out by the intake). */
  readonly value: number | string;
  /** Unix milliseconds, or null: the time of arrival (also where the device's local time tells no offset). */
  readonly timeMs: number | null;
  /** Stored, but neither drawn as the present nor alarming: buffered by the device. */
  readonly isHistorical: boolean;
}

/** Facts are added to those known; a field left out says nothing. */
export interface FoundFacts {
  readonly type: 'facts';
  readonly device: NativeId;
  /** What a person calls it. */
  readonly name?: string;
  readonly model?: string;
  readonly maker?: string;
  readonly firmware?: string;
  readonly address?: string;
  /** The device through which this one speaks. */
  readonly via?: NativeId;
}

export interface FoundMetric {
  readonly type: 'metric';
  readonly device: NativeId;
  readonly metric: string;
  readonly unit: string;
  readonly kind: MetricKind;
  readonly label?: string;
  readonly min?: number;
  readonly max?: number;
}

export interface FoundAvailability {
  readonly type: 'availability';
  readonly device: NativeId;
  readonly state: 'online' | 'offline' | 'asleep';
}

export interface FoundEvent {
  readonly type: 'event';
  readonly device: NativeId;
  readonly level: EventLevel;
  readonly code: string;
  readonly text: string;
  readonly timeMs: number | null;
}

/** A publication that the dialect's own rules ask of the hub: a request for status, a rebirth. Sent only where the source can. */
export interface FoundReply {
  readonly type: 'reply';
  readonly topic: string;
  readonly payload: Uint8Array | string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** A command that the device takes: what the page may offer for a metric. */
export interface FoundCommand {
  readonly type: 'command';
  readonly device: NativeId;
  readonly command: string;
  readonly topic: string;
  /** `{value}` stands for what is sent; a payload without it is sent as it is. */
  readonly payload: string;
  readonly kind: MetricKind;
  /** The metric that it sets, where there is one. */
  readonly metric?: string;
  /** What `{value}` becomes for a bool; `true` and `false` where nothing is said. */
  readonly on?: string;
  readonly off?: string;
}

/** A payload, or a part of it, that could not be read: counted and shown, and nothing else happens. */
export interface FoundFault {
  readonly type: 'fault';
  readonly device: NativeId | null;
  readonly code:
    | 'not-json'
    | 'wrong-shape'
    | 'out-of-range'
    | 'too-large'
    | 'unknown-alias'
    | 'sequence'
    | 'unsupported';
  /** What was wrong and what would be right, in a sentence. */
  readonly text: string;
}

export type Finding =
  | FoundReading
  | FoundFacts
  | FoundMetric
  | FoundAvailability
  | FoundEvent
  | FoundReply
  | FoundCommand
  | FoundFault;

/** One dialect, for one source of publications (the hub's broker, one bridge), with what it must remember of it. */
export interface DialectReader {
  /** Whether this publication is the dialect's; cheap, by the topic and at most a look at the first bytes. */
  matches(publication: Publication): boolean;
  /** Never throws. */
  read(publication: Publication): readonly Finding[];
  /** What waits for time to pass (a reorder timeout, `expire_after`): called about once a second. */
  sweep?(nowMs: number): readonly Finding[];
}

export interface Dialect {
  /** As in device ids and pages: `tasmota`. */
  readonly name: string;
  /** For people: `Tasmota`. */
  readonly title: string;
  /** Topic filters that a bridge must subscribe to, and that the broker lets a device of this dialect publish to. */
  readonly topics: readonly string[];
  /**
   * How its topics say whose they are: what the groups of the first that fits catch names the device, and with it all topics of that
   * name are one credential's. Topics that none fits are their first publisher's, one by one.
   */
  readonly owned?: readonly RegExp[];
  /** Filters of topics that all its devices use, because the credential says whose a message is. */
  readonly shared?: readonly string[];
  /** Filters of topics where the hub alone speaks and every device may hear. */
  readonly hubOnly?: readonly string[];
  /** Topics in which its devices say what they are: of what is retained, these are read first. */
  readonly introduces?: readonly RegExp[];
  /**
   * Its reader remembers nothing, and what it finds in an object of JSON is the same whatever the numbers are that it takes for values:
   * so what it found once is found again by the place of each number (core/foreign-shape). Whether such an object is another dialect's
   * is told by its topic alone.
   */
  readonly readsByShape?: true;
  open(): DialectReader;
}
