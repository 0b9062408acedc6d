/**
 * `lapwing inbox`: who waits to be let in to the running hub; lets in, blocks and unblocks. Options, help and what is printed.
 *
 * A device is named as the list names it: by its id there (`tasmota/DVES_12AB34`), or by what it would be called.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { deviceIdPattern } from '@lapwing/protocol';
import { type RunningHub, reachHub, readProblem, UsageError } from './running-hub.ts';

const help = `Usage: lapwing inbox [list|adopt|block|unblock] [ID …] [options]

Devices that spoke to the running hub without a credential of their own wait in its inbox. Nothing of them is stored until they are let in.

  list               who waits, newest word first, and who is blocked   [what it does without a word]
  adopt ID …         let devices in: from now on their readings are stored
  block ID …         pass over what they say, until they are unblocked
  unblock ID …       hear them again: they wait here, at the latest with their next word

  --all              with adopt: all that wait and that a dialect can read
  --as NAME          with adopt of one device: what it shall be called here
  --join NAME        with adopt of one device: it goes on as NAME, a device that is here already: new hardware in its place
  --data DIR         the hub's data folder            [./data, or $LAPWING_DATA]
  --json             one JSON object on standard output
  --help

An ID is the first word of a line of the list, or what the device would be called.

Examples
  lapwing inbox
  lapwing inbox adopt tasmota/DVES_12AB34 --as kitchen-plug
  lapwing inbox adopt --all --json
  lapwing inbox adopt shelly/shellyplus1-a8032abe54dc --join pump-house
`;

const text = { type: 'string' } as const;
const options = {
  as: text,
  join: text,
  data: text,
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

interface Waiting {
  readonly id: string;
  readonly dialect: string;
  /** What it would be called; null: no dialect reads it. */
  readonly deviceId: string | null;
  readonly facts: { readonly name?: string; readonly model?: string };
  readonly messages: number;
  readonly intervalMs: number | null;
  readonly metrics: readonly {
    readonly name: string;
    readonly unit: string;
    readonly latest: number | string | null;
  }[];
}

interface Lists {
  readonly devices: readonly Waiting[];
  readonly blocked: readonly Pick<Waiting, 'id' | 'deviceId'>[];
  /** Made room for others since the hub started. */
  readonly dropped: number;
}

interface Outcome {
  readonly id: string;
  /** Of an adopted one: what it is called here. */
  readonly deviceId?: string;
  /** Why it was not done; absent: it was. */
  readonly error?: string;
}

const verbs = { adopt: 'let in', block: 'blocked', unblock: 'unblocked' } as const;
type Verb = keyof typeof verbs;
const metricsShown = 4;

export async function runInbox(args: readonly string[]): Promise<void> {
  const { values, positionals } = readOptions(args);
  if (values.help === true) return void process.stdout.write(help);
  const [word = 'list', ...ids] = positionals;
  if (word !== 'list' && !(word in verbs))
    throw new UsageError(`there is no "inbox ${word}"; see lapwing inbox --help`);
  checkCombination(word, ids, values);
  const hub = await reachHub(resolve(values.data ?? process.env.LAPWING_DATA ?? 'data'));
  try {
    const lists = await readLists(hub);
    if (word === 'list') {
      process.stdout.write(values.json === true ? `${JSON.stringify(lists)}\n` : describe(lists));
      return;
    }
    const verb = word as Verb;
    const chosen =
      values.all === true ? lists.devices.filter(({ deviceId }) => deviceId !== null).map(({ id }) => id) : ids;
    const outcomes: Outcome[] = [];
    for (const id of chosen)
      outcomes.push(await act(hub, verb, { id: findId(lists, verb, id), as: values.as, join: values.join }));
    report(outcomes, { verb, json: values.json === true });
  } finally {
    await hub.signOut();
  }
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message.split('.')[0]}; see lapwing inbox --help`);
  }
}

function checkCombination(
  word: string,
  ids: readonly string[],
  { all = false, as, join }: { readonly all?: boolean; readonly as?: string; readonly join?: string },
): void {
  const name = as ?? join;
  if (word !== 'adopt' && (all || name !== undefined)) throw new UsageError('--all, --as and --join go with adopt');
  if (as !== undefined && join !== undefined)
    throw new UsageError('--as is a new name and --join one that is here already: say one of them');
  if (word === 'list' && ids.length > 0) throw new UsageError('list takes no ids; see lapwing inbox --help');
  if (all && (ids.length > 0 || name !== undefined))
    throw new UsageError('--all goes with neither an ID nor --as or --join');
  if (name !== undefined && ids.length > 1)
    throw new UsageError(`--${as === undefined ? 'join' : 'as'} names one device; adopt them one by one`);
  if (name !== undefined && !deviceIdPattern.test(name))
    throw new UsageError('a name has up to 64 letters, digits and . _ : -, and begins with a letter or digit');
  if (word !== 'list' && ids.length === 0 && !all)
    throw new UsageError(`say whom to ${word}: lapwing inbox ${word} ID; lapwing inbox lists them`);
}

async function readLists(hub: RunningHub): Promise<Lists> {
  const { devices, dropped } = await readJson<Omit<Lists, 'blocked'>>(hub, '/api/v1/inbox');
  const { blocked } = await readJson<Pick<Lists, 'blocked'>>(hub, '/api/v1/inbox/blocked');
  return { devices, blocked, dropped };
}

async function readJson<T>(hub: RunningHub, path: string): Promise<T> {
  return (await (await hub.askOk(path)).json()) as T;
}

/** What is not in the list goes to the hub as it was said, and the hub says why not. */
function findId({ devices, blocked }: Lists, verb: Verb, said: string): string {
  const list = verb === 'unblock' ? blocked : devices;
  // Who adopts or blocks one that is blocked is told that it is.
  const named = [...list, ...blocked].find(({ id, deviceId }) => id === said || deviceId === said);
  return named?.id ?? said;
}

async function act(
  hub: RunningHub,
  verb: Verb,
  { id, as, join }: { id: string; as: string | undefined; join: string | undefined },
): Promise<Outcome> {
  const named = join === undefined ? { deviceId: as } : { deviceId: join, joins: true };
  const body = JSON.stringify(verb === 'adopt' ? { id, ...named } : { id });
  const answer = await hub.ask(`/api/v1/inbox/${verb}`, { method: 'POST', body });
  if (!answer.ok) return { id, error: await readProblem(answer) };
  return verb === 'adopt' ? { id, ...((await answer.json()) as { deviceId: string }) } : { id };
}

/** One that failed does not keep the others from being done; the exit code says that one did. */
function report(outcomes: readonly Outcome[], { verb, json }: { verb: Verb; json: boolean }): void {
  if (outcomes.some(({ error }) => error !== undefined)) process.exitCode = 1;
  if (json) return void process.stdout.write(`${JSON.stringify({ [verb]: outcomes })}\n`);
  if (outcomes.length === 0) process.stdout.write('Nobody waits that a dialect can read.\n');
  for (const { id, deviceId, error } of outcomes) {
    if (error !== undefined) process.stderr.write(`lapwing: ${printable(id)}: ${error}\n`);
    else process.stdout.write(`${printable(id)}: ${verbs[verb]}${deviceId === undefined ? '' : ` as ${deviceId}`}\n`);
  }
}

function describe({ devices, blocked, dropped }: Lists): string {
  const lines = devices.map(describeWaiting);
  if (lines.length === 0) lines.push('Nobody waits in the inbox.');
  if (dropped > 0) lines.push(`${dropped} that waited longest in silence made room for others.`);
  if (blocked.length > 0) lines.push('', `Blocked: ${blocked.map(({ id }) => printable(id)).join(', ')}`);
  return `${lines.join('\n')}\n`;
}

function describeWaiting({ id, dialect, deviceId, facts, messages, intervalMs, metrics }: Waiting): string {
  const what = [facts.name, facts.model].filter((fact) => fact !== undefined && fact !== '').join(', ');
  const often = intervalMs === null ? '' : `, every ${(intervalMs / 1000).toPrecision(2)} s`;
  const values = metrics
    .slice(0, metricsShown)
    .map(({ name, unit, latest }) => `${name}${latest === null ? '' : ` ${latest}`}${unit === '' ? '' : ` ${unit}`}`);
  if (metrics.length > metricsShown) values.push(`${metrics.length - metricsShown} more`);
  const likely = dialect === '' ? 'no dialect reads it' : `${dialect}, would be ${deviceId}`;
  const rest = [what, likely, `${messages} ${messages === 1 ? 'message' : 'messages'}${often}`, values.join(', ')];
  return `${printable(id)}  ${printable(rest.filter((part) => part !== '').join('; '))}`;
}

/** Strangers chose these words: none of them moves a terminal's cursor. */
function printable(words: string): string {
  return words.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
}
