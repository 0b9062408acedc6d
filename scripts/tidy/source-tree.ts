/**
 * The files that tidy looks at: everything under a root that people wrote. Owns nothing; reads each file once.
 * Refuses to look into what is installed, built or measured (the same names as .gitignore).
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const skippedFolders = new Set(['node_modules', '.git', '.vitest', 'dist', 'data', 'shots', '.cache']);
const textFile =
  /(\.(ts|tsx|js|mjs|cjs|json|md|css|html|svg|sh|py|c|h|ino|yml|yaml|toml|hex|txt|npmrc|gitignore)|\/run)$/;

/** All paths under `root`, sorted; text is read for those that hold text, and '' for the rest. */
export function readTree(root: string): SourceFile[] {
  const paths: string[] = [];
  collectPaths(root, '', paths);
  return paths
    .sort()
    .map((path) => ({ path, text: textFile.test(path) ? readFileSync(join(root, path), 'utf8') : '' }));
}

function collectPaths(root: string, folder: string, into: string[]): void {
  for (const name of readdirSync(join(root, folder))) {
    if (skippedFolders.has(name) || name.endsWith('.log')) continue;
    const path = folder === '' ? name : `${folder}/${name}`;
    if (statSync(join(root, path)).isDirectory()) collectPaths(root, path, into);
    else into.push(path);
  }
}

/** TypeScript that people wrote. */
export function isCode(path: string): boolean {
  return /\.tsx?$/.test(path) && !path.endsWith('.d.ts');
}

/** Tests and what only tests use: they may reach further and carry no opening comment. */
export function isTest(path: string): boolean {
  return /\.test\.tsx?$/.test(path) || path.includes('/test/');
}
