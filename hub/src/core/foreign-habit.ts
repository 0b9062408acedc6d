/**
 * What one sender says on one topic again and again: a shape of payload, and the readings that a dialect found in it.
 *
 * Owns the shape learnt last, and how often another may be learnt. Invariant: what `read` accepts, the dialect would have read as these
 * readings with these values; it is learnt from what the dialect says of two payloads that differ in every number. It does not know
 * whether the topic is still that dialect's: the channel does.
 */
import type { FoundReading, Publication } from './dialects/dialect.ts';
import type { readingsForBundle } from './foreign-bundle.ts';
import { NumberShape } from './foreign-shape.ts';

/** Shapes that may be learnt without one being of use. */
const creditMax = 4;
const creditOfUse = 1 / 16;

type Read = (publication: Publication) => ReturnType<typeof readingsForBundle>;

export class TopicHabit {
  readonly topic: string;
  readonly sender: string;
  dialect = '';
  /** By the place of their numbers; the values are of whichever message came first. */
  readings: readonly FoundReading[] = [];
  /** How much the channel's other dialects had been told when the topic was none of theirs. */
  asOf = -1;
  private shape: NumberShape | null = null;
  private credit = creditMax;

  constructor(topic: string, sender: string) {
    this.topic = topic;
    this.sender = sender;
  }

  get isLearnt(): boolean {
    return this.shape !== null;
  }

  /** The numbers in it, until the next call; null: it is to be read by its dialect. */
  read(bytes: Uint8Array, from: number, to: number): Float64Array | null {
    const { shape } = this;
    if (shape === null || !shape.read(bytes, from, to)) return null;
    if (this.credit < creditMax) this.credit += creditOfUse;
    return shape.values;
  }

  /** After its dialect has read the publication. */
  learn(publication: Publication, dialect: string, read: Read): void {
    if (this.credit < 1) return;
    this.credit -= 1;
    const shape = NumberShape.of(publication.payload);
    if (shape === null) return;
    const readings = read(publication);
    const isOurs = shape.read(publication.payload, 0, publication.payload.length);
    if (!isOurs || !areThese(readings, [...shape.values], readings)) return;
    const probes = Array.from(shape.values, (_, i) => `${i + 1}.5`);
    const others = read({ ...publication, payload: shape.write(probes) });
    if (!areThese(others, probes.map(Number), readings)) return;
    this.dialect = dialect;
    this.readings = readings;
    this.shape = shape;
  }
}

function areThese(
  readings: readonly FoundReading[] | null,
  values: readonly number[],
  alike: readonly FoundReading[] | null,
): alike is readonly FoundReading[] {
  if (readings === null || alike === null || readings.length !== values.length) return false;
  return readings.every(({ kind, value, metric, unit, device, timeMs }, i) => {
    const other = alike[i]!;
    const isNumber = (kind === 'gauge' || kind === 'counter') && Object.is(value, values[i]) && timeMs === null;
    return isNumber && metric === other.metric && unit === other.unit && kind === other.kind && device === other.device;
  });
}
