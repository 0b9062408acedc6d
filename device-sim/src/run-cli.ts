/**
 * Chooses the subcommand, and turns what goes wrong into one clear line and an exit code: 2 for a wrong call, 1 for a failed run.
 *
 * Owns nothing. The subcommands own their options and help texts.
 */
import { styleText } from 'node:util';
import { UsageError } from './edge/option-reader.ts';
import { fleetCommand } from './fleet-command.ts';
import { hostCommand } from './host-command.ts';
import { mqttCommand } from './mqtt-command.ts';
import { replayCommand } from './replay-command.ts';

export interface Subcommand {
  readonly name: string;
  readonly purpose: string;
  readonly help: string;
  run(args: readonly string[]): Promise<void>;
}

const subcommands: readonly Subcommand[] = [hostCommand, fleetCommand, mqttCommand, replayCommand];

function makeHelp(): string {
  const lines = subcommands.map(({ name, purpose }) => `  ${name.padEnd(8)} ${purpose}`);
  return `device-sim: devices for a Lapwing hub, real and simulated

Usage: device-sim <command> [options]

${lines.join('\n')}

device-sim <command> --help tells the options of each, with examples.
The enrolment key comes from --key or LAPWING_ENROLMENT_KEY; the hub prints it at its first start.
`;
}

export async function runCli(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(makeHelp());
    process.exitCode = name === undefined ? 2 : 0;
    return;
  }
  const subcommand = subcommands.find((one) => one.name === name);
  if (subcommand === undefined) {
    process.stderr.write(`device-sim: there is no command "${name}"\n\n${makeHelp()}`);
    process.exitCode = 2;
    return;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(subcommand.help);
    return;
  }
  try {
    await subcommand.run(rest);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : '';
    process.stderr.write(`${styleText('red', 'error:', { stream: process.stderr })} ${text}${cause}\n`);
    if (error instanceof UsageError) process.stderr.write(`Try: device-sim ${name} --help\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  }
}
