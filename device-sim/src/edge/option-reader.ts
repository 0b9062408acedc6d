/**
 * Reads command-line options: numbers within bounds, choices from a list, each with a message that names the option.
 *
 * Owns nothing; throws UsageError for what a person typed wrong.
 */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

export class UsageError extends Error {}

export interface ReadOptions {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  number(name: string, bounds: { min: number; max: number }): number | undefined;
  choice<const Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined;
}

export function readOptions(args: readonly string[], config: ParseArgsOptionsConfig): ReadOptions {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...args], options: config, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const text = (name: string): string | undefined => {
    const value = parsed.values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    positionals: parsed.positionals,
    flag: (name) => parsed.values[name] === true,
    text,
    number: (name, { min, max }) => {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = value.trim() === '' ? Number.NaN : Number(value);
      if (number >= min && number <= max) return number;
      throw new UsageError(`--${name} must be a number from ${min} to ${max}, not "${value}"`);
    },
    choice: (name, choices) => {
      const value = text(name);
      if (value === undefined) return undefined;
      const chosen = choices.find((choice) => choice === value);
      if (chosen !== undefined) return chosen;
      throw new UsageError(`--${name} must be one of ${choices.join(', ')}, not "${value}"`);
    },
  };
}

/** Options every subcommand has. */
export const hubOptionsConfig = {
  hub: { type: 'string', default: 'ws://127.0.0.1:7180' },
  key: { type: 'string' },
  state: { type: 'string' },
  json: { type: 'boolean' },
} as const;

export const hubOptionsHelp = `  --hub URL          the hub, ws(s):// or http(s)://  [ws://127.0.0.1:7180]
  --key KEY          enrolment key, needed once per device; or LAPWING_ENROLMENT_KEY
  --state DIR        where tokens are kept  [$XDG_STATE_HOME/lapwing or ~/.local/state/lapwing]
  --json             one JSON object a second on standard output, the last with "final": true
`;
