/**
 * The rules about how files are named, how long they are, how they open and what may not stand in them, each a function from
 * the tree to violations. Owns no state and reads no file.
 */
import { posix } from 'node:path';
import type { Violation } from './import-rules.ts';
import type { SourceFacts } from './source-facts.ts';
import { isCode, isTest, type SourceFile } from './source-tree.ts';

export const fileLinesMax = 400;
export const functionLinesMax = 70;

export function checkSizes(tree: readonly SourceFile[], facts: readonly SourceFacts[]): Violation[] {
  const found: Violation[] = [];
  for (const { path, text } of tree) {
    const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
    if ((isCode(path) || path.endsWith('.css')) && lines > fileLinesMax) {
      found.push({
        rule: 'file-size',
        path,
        text: `${lines} lines, at most ${fileLinesMax}: split it by responsibility`,
      });
    }
  }
  for (const { path, functions } of facts) {
    for (const { name, line, lines } of functions) {
      if (lines <= functionLinesMax) continue;
      found.push({
        rule: 'function-size',
        path,
        text: `${name} (line ${line}) has ${lines} lines, at most ${functionLinesMax}`,
      });
    }
  }
  return found;
}

export function checkNames(tree: readonly SourceFile[]): Violation[] {
  const found: Violation[] = [];
  for (const { path } of tree) {
    if (!/\.(tsx?|css|mjs)$/.test(path)) continue;
    const name = posix.basename(path);
    if (!/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)+$/.test(name)) {
      found.push({ rule: 'names', path, text: 'file names are kebab-case' });
    }
    if (/^index\.tsx?$/.test(name) && path !== 'protocol/src/index.ts') {
      found.push({ rule: 'names', path, text: 'the only index file is that of protocol' });
    }
    if (/^(utils?|helpers?|common|types?|misc|shared)(\.test)?\.tsx?$/.test(name)) {
      found.push({ rule: 'names', path, text: 'a file is named after its one main export, not after being a drawer' });
    }
  }
  return found;
}

export function checkHeaders(tree: readonly SourceFile[]): Violation[] {
  return tree.flatMap(({ path, text }) => {
    if (!isCode(path) || isTest(path)) return [];
    const opening = text.replace(/^#!.*\n/, '').trimStart();
    return /^\/\*\*?\s*\S|^\/\/ \S/.test(opening)
      ? []
      : [{ rule: 'headers', path, text: 'opens with a comment: what it is, owns, and refuses to do' }];
  });
}

/** In core, a clock or a die is an argument; the compiler stops timers and sockets there, but not these two. */
export function checkCorePurity(tree: readonly SourceFile[]): Violation[] {
  return tree.flatMap(({ path, text }) => {
    if (!/^[a-z-]+\/src\/core\/|^protocol\/src\//.test(path) || !isCode(path) || isTest(path)) return [];
    const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    const hit = /\b(Date\.now|Math\.random|new Date\(\s*\)|performance\.now)/.exec(code);
    return hit === null
      ? []
      : [{ rule: 'core-purity', path, text: `${hit[1]}: time and chance are arguments in core` }];
  });
}

/** Written so that this file does not match itself. */
const machinePaths = new RegExp(
  String.raw`(?<![\w.)/-])/(?:${['work', 'farm', 'root', 'home/\\w+', 'Users/\\w+'].join('|')})/`,
);
const registryHosts = /\b(?:registry\.[a-z0-9-]+\.[a-z]{2,}|[a-z0-9.-]*jfrog\.io|[a-z0-9.-]+\.internal\b)/;

export function checkWords(tree: readonly SourceFile[]): Violation[] {
  return tree.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const hit = machinePaths.exec(line) ?? registryHosts.exec(line);
      return hit === null
        ? []
        : [{ rule: 'words', path, text: `line ${index + 1} names ${hit[0]}, which is of one machine only` }];
    }),
  );
}

export function checkLockFile(tree: readonly SourceFile[]): Violation[] {
  return tree.flatMap(({ path, text }) =>
    posix.basename(path) === 'package-lock.json' && /"resolved": "[a-z+]+:\/\//.test(text)
      ? [
          {
            rule: 'lock-file',
            path,
            text: 'holds resolved URLs: keep omit-lockfile-registry-resolved and install again',
          },
        ]
      : [],
  );
}

export function checkLinks(tree: readonly SourceFile[]): Violation[] {
  const known = new Set<string>();
  for (const { path } of tree) {
    for (let part = path; part !== '.'; part = posix.dirname(part)) known.add(part);
  }
  return tree.flatMap(({ path, text }) => {
    if (!path.endsWith('.md')) return [];
    const prose = text.replace(/```[\s\S]*?```|`[^`\n]*`/g, '');
    const links = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)|(?:src|href)="([^"]+)"/g)].map(
      (m) => m[1] ?? m[2] ?? '',
    );
    return links.flatMap((link) => {
      const file = link.replace(/[#?].*$/, '');
      if (file === '' || /^[a-z]+:/.test(file)) return [];
      const target = posix.normalize(posix.join(posix.dirname(path), decodeURI(file))).replace(/\/$/, '');
      return known.has(target) ? [] : [{ rule: 'links', path, text: `links to ${link}, which is not there` }];
    });
  });
}
