/** The command as a person starts it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions } from '../src/edge/option-reader.ts';
import { foldLine, formatCount } from '../src/edge/progress-view.ts';
import { fleetCommand } from '../src/fleet-command.ts';
import { hostCommand } from '../src/host-command.ts';
import { mqttCommand } from '../src/mqtt-command.ts';
import { replayCommand } from '../src/replay-command.ts';

const cli = join(import.meta.dirname, '../src/cli.mjs');

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', timeout: 8_000 });
}

test.each([hostCommand, fleetCommand, replayCommand, mqttCommand])(
  '$name has a help text with options and examples',
  (command) => {
    expect(command.help).toContain(`Usage: device-sim ${command.name}`);
    expect(command.help).toContain('Examples:');
    expect(command.help).toMatch(/--(hub|url) URL/);
    for (const line of command.help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(128);
  },
);

test('--help is help, not an error', () => {
  const { status, stdout } = run('fleet', '--help');
  expect(status).toBe(0);
  expect(stdout).toBe(fleetCommand.help);
});

test('without a command it shows what there is', () => {
  const { status, stdout } = run();
  expect(status).toBe(2);
  for (const command of ['host', 'fleet', 'replay', 'mqtt']) expect(stdout).toContain(command);
});

test.each([
  [['frobnicate'], 2, /no command "frobnicate"/],
  [['host', '--nonsense'], 2, /nonsense/],
  [['fleet', '--hub', 'nowhere'], 1, /--hub must be a URL/],
] as const)('%j is answered with what is wrong, and no stack', (args, exitCode, wrong) => {
  const { status, stderr } = run(...args);
  expect(status).toBe(exitCode);
  expect(stderr).toMatch(wrong);
  expect(stderr).not.toMatch(/ at .*\.ts:\d+/);
});

test('the live line breaks between its parts and never wraps', () => {
  expect(foldLine('aa · bbb · cccc', 80)).toEqual(['aa · bbb · cccc']);
  expect(foldLine('aa · bbb · cccc', 8)).toEqual(['aa · bbb', 'cccc']);
  expect(foldLine('0123456789 · b', 8)).toEqual(['01234567', 'b']);
  expect([0, 9_999, 12_345, 4_567_890].map(formatCount)).toEqual(['0', '9999', '12.3k', '4.57M']);
});

const numbers = { boards: { type: 'string' }, type: { type: 'string' } } as const;

test.each([
  ['many', /--boards must be a number from 1 to 9, not "many"/],
  ['10', /--boards must be a number/],
  ['', /--boards must be a number/],
])('--boards %j is refused by name', (value, wrong) => {
  const read = readOptions(['--boards', value], numbers);
  expect(() => read.number('boards', { min: 1, max: 9 })).toThrow(wrong);
});

test('a choice is one of its list', () => {
  expect(() => readOptions(['--type', 'toaster'], numbers).choice('type', ['door', 'plain'])).toThrow(
    /--type must be one of door, plain/,
  );
});
