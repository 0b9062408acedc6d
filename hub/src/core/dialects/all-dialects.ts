/**
 * All dialects, in the order in which they are asked, and the readers of one source of publications.
 *
 * Owns the readers. *Invariant:* one publication is read by one dialect, the first that knows it: those that know by exact topics come
 * before those that must look at the payload, and the plain one, which takes anything, is last. What Home Assistant discovery
 * announces never takes a topic from a dialect that has its own.
 */
import { chirpstack } from './chirpstack.ts';
import type { Dialect, DialectReader, Finding, Publication } from './dialect.ts';
import { homeAssistant } from './home-assistant.ts';
import { homie } from './homie.ts';
import { influx } from './influx.ts';
import { plain } from './plain.ts';
import { senml } from './senml.ts';
import { shellyGen1 } from './shelly-gen1.ts';
import { shellyGen2 } from './shelly-gen2.ts';
import { sparkplug } from './sparkplug.ts';
import { tasmota } from './tasmota.ts';
import { thingsboard } from './thingsboard.ts';
import { zigbee2mqtt } from './zigbee2mqtt.ts';

export const allDialects: readonly Dialect[] = [
  sparkplug,
  thingsboard,
  chirpstack,
  zigbee2mqtt,
  shellyGen1,
  shellyGen2,
  tasmota,
  homeAssistant,
  homie,
  influx,
  senml,
  plain,
];

export interface OpenDialect {
  readonly dialect: Dialect;
  readonly reader: DialectReader;
}

/** One reader of each dialect, for one source: the hub's broker, the HTTP routes, one bridge. */
export function openDialects(dialects: readonly Dialect[] = allDialects): readonly OpenDialect[] {
  return dialects.map((dialect) => ({ dialect, reader: dialect.open() }));
}

/** Whose publication this is. Null only for topics that no device may use (`$SYS/…`). */
export function recogniseDialect(open: readonly OpenDialect[], publication: Publication): OpenDialect | null {
  return open.find(({ reader }) => reader.matches(publication)) ?? null;
}

export interface DialectFindings {
  readonly dialect: Dialect;
  readonly findings: readonly Finding[];
}

export function readPublication(open: readonly OpenDialect[], publication: Publication): DialectFindings | null {
  const found = recogniseDialect(open, publication);
  return found === null ? null : { dialect: found.dialect, findings: found.reader.read(publication) };
}

/** What only the passing of time tells; to be called about once a second. */
export function sweepDialects(open: readonly OpenDialect[], nowMs: number): readonly DialectFindings[] {
  return open.flatMap(({ dialect, reader }) => {
    const findings = reader.sweep?.(nowMs) ?? [];
    return findings.length === 0 ? [] : [{ dialect, findings }];
  });
}
