/**
 * The house rules that no compiler checks, run as part of `npm test`: who imports whom, sizes, names, opening comments, links.
 * Owns the table of exemptions. It changes nothing and excuses nothing but what stands in that table with its reason, and an
 * exemption that excuses nothing any more is itself a violation.
 */
import { resolve } from 'node:path';
import { checkImports, type Violation } from './tidy/import-rules.ts';
import { closeParser, readFacts } from './tidy/source-facts.ts';
import { readTree } from './tidy/source-tree.ts';
import {
  checkCorePurity,
  checkHeaders,
  checkLinks,
  checkLockFile,
  checkNames,
  checkSizes,
  checkWords,
} from './tidy/text-rules.ts';

export interface Exemption {
  readonly rule: string;
  readonly path: string;
  readonly reason: string;
}

const exemptions: readonly Exemption[] = [];

/** All violations under `root`, but those exempt. */
export function checkTree(root: string, excused: readonly Exemption[]): Violation[] {
  const tree = readTree(root);
  const facts = readFacts(root, tree);
  const found = [
    ...checkImports(facts),
    ...checkSizes(tree, facts),
    ...checkNames(tree),
    ...checkHeaders(tree),
    ...checkCorePurity(tree),
    ...checkWords(tree),
    ...checkLockFile(tree),
    ...checkLinks(tree),
  ];
  const excuses = (exemption: Exemption, violation: Violation): boolean =>
    exemption.rule === violation.rule && exemption.path === violation.path;
  return [
    ...found.filter((violation) => !excused.some((exemption) => excuses(exemption, violation))),
    ...excused.flatMap((exemption) =>
      found.some((violation) => excuses(exemption, violation))
        ? []
        : [{ rule: 'exemptions', path: exemption.path, text: `is excused from ${exemption.rule} and need not be` }],
    ),
  ];
}

if (import.meta.main) {
  const found = checkTree(resolve(import.meta.dirname, '..'), exemptions);
  closeParser();
  for (const { rule, path, text } of found) console.error(`${path}: ${text} [${rule}]`);
  if (found.length > 0) process.exitCode = 1;
  else console.log('tidy: no violations');
}
