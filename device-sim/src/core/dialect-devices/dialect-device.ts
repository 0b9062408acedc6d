/**
 * What a simulated device of a foreign dialect is: what it says when it connects, what it measures, and what it answers.
 *
 * Types only. A device knows no socket and no clock; time is an argument, and the same seed says the same at the same time.
 */
import type { Random } from '../random.ts';

export interface SimPublication {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** One connection to a broker: a device, or a bridge with the devices behind it. */
export interface SimDevice {
  /** Its MQTT client id and, unless told otherwise, its user name. */
  readonly id: string;
  readonly will: SimPublication | null;
  readonly subscriptions: readonly string[];
  /** After connecting: discovery, births, states. */
  births(nowMs: number): SimPublication[];
  /** What it measures now. */
  samples(nowMs: number): SimPublication[];
  /** What it does about a message to it. */
  hear(message: { readonly topic: string; readonly text: string; readonly nowMs: number }): SimPublication[];
}

/** All connections of one dialect for so many devices. */
export type MakeDialectDevices = (count: number, randomOf: (index: number) => Random) => SimDevice[];

export function say(
  topic: string,
  payload: string | Uint8Array | object,
  how: { retain?: boolean; qos?: 0 | 1 } = {},
): SimPublication {
  const text = typeof payload === 'string' || payload instanceof Uint8Array ? payload : JSON.stringify(payload);
  return { topic, payload: text, qos: how.qos ?? 0, retain: how.retain ?? false };
}

export const places = [
  'kitchen',
  'attic',
  'garage',
  'hall',
  'cellar',
  'garden',
  'office',
  'workshop',
  'studio',
  'greenhouse',
  'boiler',
  'porch',
] as const;

/** `kitchen`, `attic`, … `kitchen-2`. */
export function placeOf(index: number): string {
  const place = places[index % places.length]!;
  const turn = Math.floor(index / places.length);
  return turn === 0 ? place : `${place}-${turn + 1}`;
}

export function titleOf(place: string): string {
  return place.charAt(0).toUpperCase() + place.slice(1).replace('-', ' ');
}

/** So many hex digits, the same for the same die. */
export function drawHex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
}
