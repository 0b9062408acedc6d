/**
 * Who may import what (ARCHITECTURE.md, the import table), as one function from facts to violations. Owns no state and reads
 * no file. It judges the tree as it is written: a rule that needs an exception gets it in tidy.ts, by name and with a reason.
 */
import { posix } from 'node:path';
import type { ImportFact, SourceFacts } from './source-facts.ts';
import { isTest } from './source-tree.ts';

export interface Violation {
  readonly rule: string;
  readonly path: string;
  readonly text: string;
}

/** Where a file stands: its package, and the folder under `src` ('' for the wiring and entry files directly in it). */
interface Place {
  readonly package: string;
  readonly part: string;
}

/** One import, resolved: a file of this tree, or an outside library by its package name. */
type Target =
  | { readonly kind: 'file'; readonly path: string; readonly typeOnly: boolean; readonly line: number }
  | { readonly kind: 'library'; readonly name: string; readonly typeOnly: boolean; readonly line: number };

const packages = ['protocol', 'hub', 'device-sim', 'web'];
const parts = ['', 'core', 'edge', 'store', 'view'];
const protocolEntry = 'protocol/src/index.ts';
/** Threads, files and bytes; no sockets and no child processes. */
const storeLibraries =
  /^(better-sqlite3|node:(worker_threads|zlib|fs|path|url|os|crypto|assert|perf_hooks|buffer|events|timers)(\/.*)?)$/;
const viewLibraries = /^(preact|@preact\/signals|uplot)$/;

export function checkImports(facts: readonly SourceFacts[]): Violation[] {
  const graph = new Map(facts.map((file) => [file.path, file.imports.map((fact) => resolve(file.path, fact))]));
  return [
    ...facts.flatMap((file) => checkFile(file.path, graph.get(file.path) ?? [])),
    ...checkSqliteIsFenced(graph),
    ...findCycles(graph),
  ];
}

function resolve(from: string, fact: ImportFact): Target {
  const { specifier, typeOnly, line } = fact;
  if (specifier === '@lapwing/protocol') return { kind: 'file', path: protocolEntry, typeOnly, line };
  if (specifier.startsWith('.')) {
    return { kind: 'file', path: posix.normalize(posix.join(posix.dirname(from), specifier)), typeOnly, line };
  }
  const name = specifier.startsWith('node:')
    ? specifier
    : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  return { kind: 'library', name, typeOnly, line };
}

function placeOf(path: string): Place {
  const [top = '', second = '', third = '', ...rest] = path.split('/');
  if (!packages.includes(top)) return { package: 'scripts', part: '' };
  if (second !== 'src') return { package: top, part: 'test' };
  return { package: top, part: rest.length === 0 ? '' : third };
}

function checkFile(path: string, targets: readonly Target[]): Violation[] {
  const place = placeOf(path);
  const found: Violation[] = [];
  const say = (rule: string, target: Target, text: string): void => {
    const name = target.kind === 'file' ? target.path : target.name;
    found.push({ rule, path, text: `line ${target.line} imports ${name}: ${text}` });
  };
  if (place.package !== 'protocol' && place.part !== 'test' && !parts.includes(place.part)) {
    found.push({ rule: 'folders', path, text: `src holds core, edge, store and view only, not ${place.part}` });
  }
  for (const target of targets) {
    const wrong = target.kind === 'file' ? judgeFile(path, place, target) : judgeLibrary(path, place, target);
    if (wrong !== null) say(wrong.rule, target, wrong.text);
  }
  const libraries = new Set(
    targets.flatMap((t) => (t.kind === 'library' && !t.name.startsWith('node:') ? [t.name] : [])),
  );
  if (place.part === 'edge' && !isTest(path) && libraries.size > 1) {
    found.push({
      rule: 'one-library',
      path,
      text: `an edge file has one outside library, this one ${[...libraries].join(', ')}`,
    });
  }
  return found;
}

type Judgement = { rule: string; text: string } | null;

function judgeFile(path: string, from: Place, target: Target & { kind: 'file' }): Judgement {
  const to = placeOf(target.path);
  if (isTest(path) || from.package === 'scripts') return judgeTestOrScript(from, to);
  if (from.package !== to.package) {
    if (target.path === protocolEntry && from.package !== 'protocol') return null;
    return { rule: 'packages', text: `${from.package} knows only itself and @lapwing/protocol` };
  }
  if (from.package === 'protocol') return null;
  if (to.part === 'test') return { rule: 'packages', text: 'what ships does not import what only tests use' };
  if (from.part === '') return null;
  if (to.part === '')
    return { rule: 'wiring', text: 'wiring and entry files are imported by entry files and tests only' };
  return judgePart(from, to, target);
}

function judgeTestOrScript(from: Place, to: Place): Judgement {
  const allowed = ['protocol', 'scripts', from.package, ...(from.package === 'hub' ? ['device-sim'] : [])];
  if (from.package === 'scripts' && to.package === 'hub' && to.part !== 'test') {
    return { rule: 'packages', text: 'scripts start programs; they do not reach into them' };
  }
  if (from.package === 'scripts' || allowed.includes(to.package)) return null;
  return { rule: 'packages', text: `tests of ${from.package} may import ${allowed.join(', ')}` };
}

function judgePart(from: Place, to: Place, target: Target & { kind: 'file' }): Judgement {
  if (from.part === to.part) return null;
  switch (from.part) {
    case 'core':
      return { rule: 'core', text: 'core decides and imports only protocol and core' };
    case 'store':
      if (target.path === 'hub/src/core/ports.ts' && target.typeOnly) return null;
      return { rule: 'store', text: 'the store knows protocol and, as types, core/ports.ts' };
    case 'edge':
      return to.part === 'core'
        ? null
        : { rule: 'edge', text: 'an edge gets what it needs from core or as an argument' };
    case 'view':
      if (to.part === 'core' || /\/edge\/[a-z-]*client\.ts$/.test(target.path)) return null;
      // A page that is loaded later brings its style along.
      if (/^web\/src\/style\/[a-z-]+\.css$/.test(target.path)) return null;
      return { rule: 'view', text: 'the view knows core and the HTTP client' };
    default:
      return null;
  }
}

function judgeLibrary(path: string, from: Place, target: Target & { kind: 'library' }): Judgement {
  if (from.package === 'scripts' || isTest(path)) return null;
  if (from.package === 'protocol') return { rule: 'protocol', text: 'the protocol imports nothing' };
  if (from.part === '' || from.part === 'edge' || from.part === 'test') return null;
  if (from.part === 'core') {
    if (from.package === 'web' && target.name === '@preact/signals-core') return null;
    return { rule: 'core', text: 'core decides and never does I/O' };
  }
  if (from.part === 'store' && !storeLibraries.test(target.name)) {
    return { rule: 'store', text: 'the store has threads, files and better-sqlite3' };
  }
  if (from.part === 'view' && !viewLibraries.test(target.name)) {
    return { rule: 'view', text: 'the view has preact and uPlot' };
  }
  return null;
}

function checkSqliteIsFenced(graph: ReadonlyMap<string, readonly Target[]>): Violation[] {
  const users = [...graph].flatMap(([path, targets]) =>
    !isTest(path) && targets.some((t) => t.kind === 'library' && t.name === 'better-sqlite3' && !t.typeOnly)
      ? [path]
      : [],
  );
  const shipped = users.filter((path) => !path.startsWith('scripts/'));
  if (shipped.length < 2) return [];
  return shipped.map((path) => ({
    rule: 'sqlite',
    path,
    text: `better-sqlite3 is loaded in one file, not in ${shipped.join(' and ')}`,
  }));
}

/** Each cycle once, named from its first file in the alphabet. Type imports count: two files that need each other are one. */
function findCycles(graph: ReadonlyMap<string, readonly Target[]>): Violation[] {
  const found = new Map<string, Violation>();
  const finished = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const cycle = trail.slice(at);
      const first = cycle.toSorted()[0]!;
      const turned = [...cycle.slice(cycle.indexOf(first)), ...cycle.slice(0, cycle.indexOf(first)), first];
      found.set(turned.join(), { rule: 'cycles', path: first, text: turned.join(' → ') });
      return;
    }
    if (finished.has(path)) return;
    trail.push(path);
    for (const target of graph.get(path) ?? []) if (target.kind === 'file') visit(target.path);
    trail.pop();
    finished.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return [...found.values()];
}
