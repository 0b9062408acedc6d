import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { closeParser } from './tidy/source-facts.ts';
import { checkTree, type Exemption } from './tidy.ts';

const roots: string[] = [];
afterAll(closeParser);
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

/** A small tree that breaks no rule. */
const sound: Record<string, string> = {
  'package.json': '{}',
  'README.md': 'See [the protocol](protocol/SPEC.md#frames) and [the web](https://example.org/x).\n',
  'protocol/SPEC.md': '# Frames\n',
  'protocol/src/index.ts': "/** The language. */\nexport * from './limits.ts';\n",
  'protocol/src/limits.ts': '/** Bounds. */\nexport const a = 1;\n',
  'hub/src/cli.ts': "#!/usr/bin/env node\n/** Entry. */\nimport { startHub } from './hub.ts';\nstartHub();\n",
  'hub/src/hub.ts':
    "/** Wiring. */\nimport { Intake } from './core/intake.ts';\nimport './edge/device-ws.ts';\nimport './store/sqlite.ts';\nexport const startHub = (): unknown => Intake;\n",
  'hub/src/core/ports.ts': '/** Ports. */\nexport interface Store { close(): void }\n',
  'hub/src/core/intake.ts': "/** Intake. */\nimport { a } from '@lapwing/protocol';\nexport const Intake = a;\n",
  'hub/src/edge/device-ws.ts':
    "/** Sockets. */\nimport { WebSocketServer } from 'ws';\nimport { Intake } from '../core/intake.ts';\nexport const x = [WebSocketServer, Intake];\n",
  'hub/src/store/sqlite.ts':
    "/** SQLite. */\nimport Database from 'better-sqlite3';\nimport type { Store } from '../core/ports.ts';\nexport const open = (): Store => new Database('') as Store;\n",
  'hub/test/end-to-end/fleet.test.ts': "import '../../../device-sim/src/fleet.ts';\nimport '../../src/hub.ts';\n",
  'device-sim/src/fleet.ts': '/** Wiring. */\nexport const fleet = 1;\n',
  'web/src/core/ring.ts':
    "/** Ring. */\nimport { signal } from '@preact/signals-core';\nexport const ring = signal(0);\n",
  'web/src/edge/http-client.ts': '/** HTTP. */\nexport const get = 1;\n',
  'web/src/view/table.tsx':
    "/** Table. */\nimport { h } from 'preact';\nimport { ring } from '../core/ring.ts';\nimport { get } from '../edge/http-client.ts';\nimport '../style/table.css';\nexport const table = [h, ring, get];\n",
};

function breakTree(planted: Record<string, string>, excused: readonly Exemption[] = []): string[] {
  const root = mkdtempSync(join(tmpdir(), 'tidy-'));
  roots.push(root);
  for (const [path, text] of Object.entries({ ...sound, ...planted })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkTree(root, excused).map(({ rule, path, text }) => `${rule} ${path}: ${text}`);
}

it('finds nothing in a sound tree', () => {
  expect(breakTree({})).toEqual([]);
});

describe('imports', () => {
  const cases: readonly [what: string, path: string, text: string, rule: string][] = [
    ['protocol imports a library', 'protocol/src/limits.ts', "/** x */\nimport 'node:fs';\n", 'protocol'],
    ['core imports node', 'hub/src/core/intake.ts', "/** x */\nimport 'node:fs';\n", 'core'],
    ['core imports an edge', 'hub/src/core/intake.ts', "/** x */\nimport '../edge/bytes.ts';\n", 'core'],
    [
      'core imports a library by import()',
      'hub/src/core/intake.ts',
      "/** x */\nexport const z = import('ws');\n",
      'core',
    ],
    ['the hub’s core uses signals', 'hub/src/core/intake.ts', "/** x */\nimport '@preact/signals-core';\n", 'core'],
    ['the store imports core code', 'hub/src/store/b.ts', "/** x */\nimport '../core/intake.ts';\n", 'store'],
    ['the store imports the ports as values', 'hub/src/store/b.ts', "/** x */\nimport '../core/ports.ts';\n", 'store'],
    ['the store opens sockets', 'hub/src/store/b.ts', "/** x */\nimport 'node:net';\n", 'store'],
    ['an edge imports the store', 'hub/src/edge/device-ws.ts', "/** x */\nimport '../store/sqlite.ts';\n", 'edge'],
    ['an edge has two libraries', 'hub/src/edge/b.ts', "/** x */\nimport 'ws';\nimport 'hono';\n", 'one-library'],
    ['a view opens a socket', 'web/src/view/table.tsx', "/** x */\nimport '../edge/feed-socket.ts';\n", 'view'],
    ['a core imports a style', 'web/src/core/ring.ts', "/** x */\nimport '../style/table.css';\n", 'core'],
    ['a view imports a library', 'web/src/view/table.tsx', "/** x */\nimport 'ws';\n", 'view'],
    ['hub imports device-sim', 'hub/src/hub.ts', "/** x */\nimport '../../device-sim/src/fleet.ts';\n", 'packages'],
    [
      'web imports protocol past its door',
      'web/src/core/r.ts',
      "/** x */\nimport '../../../protocol/src/limits.ts';\n",
      'packages',
    ],
    ['a test of web imports hub', 'web/src/core/r.test.ts', "import '../../../hub/src/hub.ts';\n", 'packages'],
    ['a script reaches into the hub', 'scripts/s.ts', "/** x */\nimport '../hub/src/hub.ts';\n", 'packages'],
    ['a source imports a test’s file', 'hub/src/hub.ts', "/** x */\nimport '../test/fake-store.ts';\n", 'packages'],
    ['an edge imports the wiring', 'hub/src/edge/b.ts', "/** x */\nimport '../hub.ts';\n", 'wiring'],
    ['a folder of another word', 'hub/src/services/b.ts', '/** x */\n', 'folders'],
  ];
  for (const [what, path, text, rule] of cases) {
    it(`names ${what} [${rule}]`, () => {
      const found = breakTree({ [path]: text });
      expect(found).toHaveLength(1);
      expect(found[0]).toContain(`${rule} ${path}: `);
    });
  }

  it('names both files that load better-sqlite3', () => {
    const found = breakTree({ 'hub/src/store/b.ts': "/** x */\nimport 'better-sqlite3';\n" });
    expect(found.map((line) => line.split(':')[0])).toEqual([
      'sqlite hub/src/store/b.ts',
      'sqlite hub/src/store/sqlite.ts',
    ]);
  });

  it('names a cycle once, with its way round, whichever file is met first', () => {
    const found = breakTree({
      'hub/src/core/c.ts': "/** x */\nimport './a.ts';\n",
      'hub/src/core/a.ts': "/** x */\nimport './b.ts';\n",
      'hub/src/core/b.ts': "/** x */\nexport type { Y } from './c.ts';\n",
    });
    expect(found).toEqual([
      'cycles hub/src/core/a.ts: hub/src/core/a.ts → hub/src/core/b.ts → hub/src/core/c.ts → hub/src/core/a.ts',
    ]);
  });
});

describe('sizes', () => {
  it('lets a file have 400 lines and names one with 401', () => {
    expect(breakTree({ 'hub/src/core/long.ts': `/** x */\n${'// y\n'.repeat(399)}` })).toEqual([]);
    const found = breakTree({ 'hub/src/core/long.ts': `/** x */\n${'// y\n'.repeat(400)}` });
    expect(found[0]).toContain('file-size hub/src/core/long.ts: 401 lines');
  });

  it('lets a function have 70 lines and names one with 71, braces in its strings or not', () => {
    const withBody = (lines: number): string =>
      `/** x */\nexport function f(): string {\n${'  // }\n'.repeat(lines - 3)}  return \`}\${'}'}\`;\n}\n`;
    expect(breakTree({ 'hub/src/core/long.ts': withBody(70) })).toEqual([]);
    const found = breakTree({ 'hub/src/core/long.ts': withBody(71) });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain('function-size hub/src/core/long.ts: f (line 2) has 71 lines');
  });

  it('measures methods and arrows, but not the body of describe', () => {
    const inside = '\n'.repeat(80);
    expect(breakTree({ 'hub/src/core/a.ts': `/** x */\nexport class A { go(): void {${inside}} }\n` })[0]).toContain(
      'go',
    );
    expect(breakTree({ 'hub/src/core/a.ts': `/** x */\nexport const go = (): void => {${inside}};\n` })[0]).toContain(
      'go',
    );
    expect(breakTree({ 'hub/src/core/a.test.ts': `describe('x', () => {${inside}});\n` })).toEqual([]);
    expect(breakTree({ 'hub/src/core/a.test.ts': `it('x', () => {${inside}});\n` })).toHaveLength(1);
    const suite = `function testStore(): void {${inside}it('x', () => { testIt(); });\n}\n`;
    expect(breakTree({ 'hub/test/contract/store.ts': suite })).toEqual([]);
  });
});

describe('names and openings', () => {
  it.each(['hub/src/core/deviceRoster.ts', 'hub/src/core/Device.ts', 'hub/src/core/device_roster.ts'])(
    'names %s',
    (path) => {
      expect(breakTree({ [path]: '/** x */\n' })[0]).toContain('names ');
    },
  );

  it.each(['hub/src/core/index.ts', 'hub/src/core/utils.ts', 'web/src/view/helpers.tsx', 'hub/src/core/types.ts'])(
    'names %s',
    (path) => {
      expect(breakTree({ [path]: '/** x */\n' })[0]).toContain(`names ${path}`);
    },
  );

  it('names a source that opens without a word', () => {
    expect(breakTree({ 'hub/src/core/a.ts': 'export const a = 1;\n' })[0]).toContain('headers hub/src/core/a.ts');
    expect(breakTree({ 'hub/src/core/a.test.ts': 'export const a = 1;\n' })).toEqual([]);
  });

  it('names a clock or a die in core, and not in a comment', () => {
    expect(breakTree({ 'hub/src/core/a.ts': '/** x */\nexport const a = Date.now();\n' })[0]).toContain('core-purity');
    expect(breakTree({ 'hub/src/core/a.ts': '/** x */\nexport const a = Math.random();\n' })[0]).toContain(
      'core-purity',
    );
    expect(breakTree({ 'hub/src/core/a.ts': '/** never Date.now() */\n' })).toEqual([]);
  });
});

describe('words, lock file and links', () => {
  it('names a path of one machine and a registry host', () => {
    // Put together here, so that this file does not hold what it plants.
    const planted = ['', 'work', 'x'].join('/');
    expect(breakTree({ 'NOTES.md': `see ${planted}\n` })[0]).toContain('words NOTES.md: line 1');
    expect(breakTree({ 'NOTES.md': `at ${['registry', 'npmjs', 'org'].join('.')}\n` })[0]).toContain('words NOTES.md');
    expect(breakTree({ 'NOTES.md': 'see https://example.org/work/x and ./work/x\n' })).toEqual([]);
  });

  it('names a lock file with resolved URLs', () => {
    expect(breakTree({ 'package-lock.json': '{ "resolved": "hub", "link": true }' })).toEqual([]);
    expect(breakTree({ 'package-lock.json': '{ "resolved": "https://x.example/a.tgz" }' })[0]).toContain('lock-file');
  });

  it('names a link to nowhere, in Markdown or HTML, and not in code', () => {
    expect(breakTree({ 'A.md': '[x](docs/none.md)\n' })[0]).toContain('links A.md: links to docs/none.md');
    expect(breakTree({ 'A.md': '<img src="none.png">\n' })[0]).toContain('links to none.png');
    expect(breakTree({ 'A.md': '`[x](none.md)` [y](protocol/) [z](#here) <img src="README.md">\n' })).toEqual([]);
  });
});

describe('exemptions', () => {
  const excused = [{ rule: 'names', path: 'hub/src/core/index.ts', reason: 'a test' }];

  it('excuse one rule in one file', () => {
    expect(breakTree({ 'hub/src/core/index.ts': '/** x */\n' }, excused)).toEqual([]);
    expect(breakTree({ 'hub/src/core/index.ts': '\n' }, excused)[0]).toContain('headers');
  });

  it('are named when they excuse nothing', () => {
    expect(breakTree({}, excused)[0]).toContain('exemptions hub/src/core/index.ts');
  });
});
