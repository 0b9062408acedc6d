/**
 * `npm test`: everything that must hold before a change lands, in order of how quickly it can fail. Owns the list of steps and
 * the count of tests. A step that fails ends the run; nothing is retried, and nothing is skipped silently: a test that says it
 * was skipped is named at the end. The last line but the summary is always `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { styleText } from 'node:util';
import { ensureInstalled, findChromium, findProgram } from './system-packages.ts';

interface Step {
  readonly name: string;
  /** Arguments to node; tests also write a report. */
  readonly args: readonly string[];
  readonly tests: boolean;
  readonly timeoutMs: number;
  /** Before the step; throws what a person must do first. */
  readonly prepare?: () => void;
}

interface Totals {
  passed: number;
  failed: number;
  readonly skipped: string[];
}

/** The part of vitest's JSON report that is read. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

const root = resolve(import.meta.dirname, '..');
const packageFile = (path: string): string => join(root, 'node_modules', path);
const vitest = (...projects: string[]): string[] => [
  packageFile('vitest/vitest.mjs'),
  'run',
  ...projects.flatMap((project) => ['--project', project]),
];
const tsc = (project: string): string[] => [packageFile('typescript/bin/tsc'), '--noEmit', '-p', project];
const check = { tests: false, timeoutMs: 120_000 };
const colours = process.stdout.isTTY ? 'force' : 'off';
const biome = [packageFile('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', `--colors=${colours}`, '.'];

const steps: readonly Step[] = [
  { name: 'format and lint', args: biome, ...check },
  { name: 'types', args: tsc('tsconfig.json'), ...check },
  { name: 'types of core, without Node and DOM', args: tsc('tsconfig.core.json'), ...check },
  { name: 'tidy', args: ['scripts/tidy.ts'], ...check },
  { name: 'web build', args: [packageFile('vite/bin/vite.js'), 'build', 'web'], ...check },
  { name: 'unit, contract and simulation tests', args: vitest('unit', 'simulation'), tests: true, timeoutMs: 600_000 },
  {
    name: 'end-to-end tests',
    args: vitest('end-to-end'),
    tests: true,
    timeoutMs: 900_000,
    prepare: (): void => {
      process.env.LAPWING_CHROMIUM = ensureInstalled('Chromium', 'chromium', findChromium);
      if (process.platform === 'linux') ensureInstalled('unshare', 'util-linux', () => findProgram('unshare'));
    },
  },
];

/** Runs one step and adds what it counted. Resolves to whether the step holds. */
async function runStep(step: Step, totals: Totals): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'lapwing-gate-'));
  const reportPath = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  try {
    step.prepare?.();
    const { code, output } = await runNode([...step.args, ...(step.tests ? reporters : [])], step);
    if (step.tests) countTests(reportPath, totals);
    if (code !== 0 && !step.tests) process.stderr.write(output);
    if (code !== 0 && totals.failed === 0) totals.failed = 1;
    return code === 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    totals.failed += 1;
    return false;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Tests speak for themselves; of a check one wants to hear only when it fails. */
function runNode(args: readonly string[], step: Step): Promise<{ code: number; output: string }> {
  return new Promise((fulfil, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: step.tests ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      timeout: step.timeoutMs,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (signal === 'SIGKILL') output += `${step.name} did not end within ${step.timeoutMs / 1000} s\n`;
      fulfil({ code: code ?? 1, output });
    });
  });
}

function countTests(reportPath: string, totals: Totals): void {
  const report = JSON.parse(readFileSync(reportPath, 'utf8')) as Report;
  totals.passed += report.numPassedTests;
  totals.failed += report.numFailedTests;
  for (const file of report.testResults) {
    // A file that could not even be loaded has no tests to count, and must not pass for none.
    if (file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')) totals.failed += 1;
    for (const test of file.assertionResults) {
      if (['skipped', 'pending', 'todo', 'disabled'].includes(test.status)) totals.skipped.push(test.fullName.trim());
    }
  }
}

async function runGate(): Promise<boolean> {
  const totals: Totals = { passed: 0, failed: 0, skipped: [] };
  const startMs = performance.now();
  let failedStep: string | null = null;
  for (const [index, step] of steps.entries()) {
    const label = `[${index + 1}/${steps.length}] ${step.name}`;
    if (step.tests) console.log(label);
    const stepMs = performance.now();
    const holds = await runStep(step, totals);
    const time = `${((performance.now() - stepMs) / 1000).toFixed(1)} s`;
    console.log(
      holds ? styleText('green', `${label}: ok, ${time}`) : styleText('red', `${label}: FAILED after ${time}`),
    );
    if (!holds) {
      failedStep = step.name;
      break;
    }
  }
  for (const name of totals.skipped) console.log(`skipped, by its own word: ${name}`);
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  const time = `${((performance.now() - startMs) / 1000).toFixed(0)} s`;
  console.log(failedStep === null ? `All of it holds, after ${time}.` : `Stopped at "${failedStep}", after ${time}.`);
  return failedStep === null;
}

process.exitCode = (await runGate()) ? 0 : 1;
