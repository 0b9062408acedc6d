/**
 * What a retention policy means for one metric at one age. No state, no clock.
 *
 * The first rule that names a metric decides; a metric that no rule names is kept whole for ever. Ages go by sample time. Whatever
 * is kept of an age is the finest of: the readings, then each tier of the rule; what a tier says does not outlive a coarser one.
 */
import type { MetricDeclaration } from '@lapwing/protocol';
import type { RetentionPolicy, RetentionRule } from '../core/ports.ts';

export const dayMs = 86_400_000;

/** `cellMs`: 0 keeps the readings, Infinity keeps nothing. */
export function findCellMs(rule: RetentionRule | null, ageMs: number): number {
  if (rule === null || isWithin(rule.rawDays, ageMs)) return 0;
  const kept = rule.tiers.filter(({ days }) => isWithin(days, ageMs)).map(({ cellMs }) => cellMs);
  return kept.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...kept);
}

function isWithin(days: number | null, ageMs: number): boolean {
  return days === null || ageMs <= days * dayMs;
}

/** The age at which anything changes first; Infinity for never. */
export function findYoungestMs({ rules }: RetentionPolicy): number {
  return Math.min(
    ...rules.map(({ rawDays }) => (rawDays ?? Number.POSITIVE_INFINITY) * dayMs),
    Number.POSITIVE_INFINITY,
  );
}

export function makeRuleFinder(
  policy: RetentionPolicy,
): (deviceId: string, metric: MetricDeclaration) => RetentionRule | null {
  const tests = policy.rules.map((rule) => ({ rule, device: makeGlob(rule.device), name: makeGlob(rule.metric) }));
  return (deviceId, { name, unit, kind }) => {
    const found = tests.find(
      ({ rule, ...globs }) =>
        globs.device.test(deviceId) &&
        globs.name.test(name) &&
        (rule.unit === null || rule.unit === unit) &&
        (rule.kind === null || rule.kind === kind),
    );
    return found?.rule ?? null;
  };
}

/** `*` stands for any characters, `?` for one. */
function makeGlob(text: string): RegExp {
  const pattern = text
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.');
  return new RegExp(`^${pattern}$`, 's');
}
