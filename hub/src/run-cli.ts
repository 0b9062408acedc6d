/**
 * The `lapwing` command: starts a hub, and makes sign-in links, enrolment keys and API tokens for one.
 *
 * Owns the process: signals, exit codes, what is printed. Everything else is hub.ts's.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { accessHelp } from './access-help.ts';
import { makeLog } from './edge/log.ts';
import { makeSignInLink } from './edge/sign-in-links.ts';
import { type Hub, hubDefaults, startHub } from './hub.ts';
import { type MqttOptions, mqttDefaults, mqttPortDefault } from './mqtt-ways.ts';
import { reachHub, readHubUrl, UsageError } from './running-hub.ts';

const help = `lapwing — a self-hosted hub for devices

  lapwing start [options]          start the hub
  lapwing sign-in-link [options]   print a one-time link that signs a person in
  lapwing enrolment-key [options]  make a key that devices enrol with (--uses N, --label TEXT)
  lapwing api-token [options]      make a token with which a program may read (--label TEXT)
  lapwing export [options]         write readings to a CSV, NDJSON or Parquet file (lapwing export --help)
  lapwing import FILE [options]    store the readings of a CSV or NDJSON file (lapwing import --help)
  lapwing check [options]          verify every checksum and say what is damaged (lapwing check --help)
  lapwing inbox [adopt ID …]       who waits to be let in; lets in, blocks, unblocks (lapwing inbox --help)

Options
  --data DIR          where everything is kept           (./data, or $LAPWING_DATA)
  --host ADDRESS      address to listen on               (${hubDefaults.host}; 0.0.0.0 for every network)
  --port N            port to listen on                  (${hubDefaults.port}; 0 for any)
  --mqtt-port N       port of the MQTT broker            (${mqttPortDefault}; 0 for any, off for none)
  --mqtt-tls-port N   MQTT over TLS, with --mqtt-tls-cert FILE and --mqtt-tls-key FILE (8883)
  --mqtt-anonymous    let MQTT clients in without a credential: what they say waits in the inbox
  --mqtt-pending N    connections of one address without a credential yet (${mqttDefaults.pendingPerAddressMax})
  --commit-ms N       least time between commits, kinder to SD cards (${hubDefaults.commitIntervalMs})
  --ack-ms N          longest wait of a lazy Ack         (${hubDefaults.ackIntervalMs})
  --log LEVEL         debug, info, warn, error, silent   (warn in a terminal, else info)
  --json              machine-readable output
  --help

Examples
  lapwing start --data /var/lib/lapwing --host 0.0.0.0
  lapwing sign-in-link --data /var/lib/lapwing
  lapwing enrolment-key --uses 10 --label "greenhouse boards"
`;

const mqttTlsPort = 8883;

interface Arguments {
  readonly data: string;
  readonly host: string;
  readonly port: number;
  readonly mqtt: MqttOptions;
  readonly commitMs: number;
  readonly ackMs: number;
  readonly log: string;
  readonly json: boolean;
  readonly uses: number | undefined;
  readonly label: string;
}

async function main(): Promise<void> {
  const [first, ...rest] = process.argv.slice(2);
  if (first === 'export') return (await import('./export-command.ts')).runExport(rest);
  if (first === 'import') return (await import('./import-command.ts')).runImport(rest);
  if (first === 'check') return (await import('./check-command.ts')).runCheck(rest);
  if (first === 'inbox') return (await import('./inbox-command.ts')).runInbox(rest);
  const { values, positionals } = readArguments();
  const command = positionals[0] ?? 'help';
  if (values.help === true || command === 'help') return void process.stdout.write(accessHelp[command] ?? help);
  const settings = checkArguments(values);
  if (command === 'start') return start(settings);
  if (command === 'sign-in-link') return printSignInLink(settings);
  if (command === 'enrolment-key') return printEnrolmentKey(settings);
  if (command === 'api-token') return printApiToken(settings);
  throw new UsageError(`there is no command "${command}"; see lapwing --help`);
}

function readArguments() {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        data: text,
        host: text,
        port: text,
        'mqtt-port': text,
        'mqtt-tls-port': text,
        'mqtt-tls-cert': text,
        'mqtt-tls-key': text,
        'mqtt-pending': text,
        'mqtt-anonymous': { type: 'boolean' },
        'commit-ms': text,
        'ack-ms': text,
        log: text,
        uses: text,
        label: text,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (cause) {
    throw new UsageError(`${(cause as Error).message.split('.')[0]}; see lapwing --help`);
  }
}

type WholeOption = 'port' | 'mqtt-port' | 'mqtt-tls-port' | 'mqtt-pending' | 'commit-ms' | 'ack-ms' | 'uses';

function checkArguments(values: ReturnType<typeof readArguments>['values']): Arguments {
  const whole = (name: WholeOption, max: number) => {
    const text = values[name];
    if (text === undefined) return undefined;
    const number = Number(text);
    if (Number.isInteger(number) && number >= 0 && number <= max) return number;
    throw new UsageError(`--${name} takes a whole number from 0 to ${max}, not "${text}"`);
  };
  return {
    data: resolve(values.data ?? process.env.LAPWING_DATA ?? 'data'),
    host: values.host ?? hubDefaults.host,
    port: whole('port', 65_535) ?? hubDefaults.port,
    mqtt: readMqtt(values, whole),
    commitMs: whole('commit-ms', 60_000) ?? hubDefaults.commitIntervalMs,
    ackMs: whole('ack-ms', 60_000) ?? hubDefaults.ackIntervalMs,
    log: values.log ?? (process.stderr.isTTY ? 'warn' : 'info'),
    json: values.json ?? false,
    uses: whole('uses', 1_000_000),
    label: values.label ?? 'made by the command line',
  };
}

function readMqtt(
  values: ReturnType<typeof readArguments>['values'],
  whole: (name: WholeOption, max: number) => number | undefined,
): MqttOptions {
  const { 'mqtt-tls-cert': certFile, 'mqtt-tls-key': keyFile } = values;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError('MQTT over TLS needs both --mqtt-tls-cert FILE and --mqtt-tls-key FILE');
  }
  const tlsPort = whole('mqtt-tls-port', 65_535) ?? mqttTlsPort;
  return {
    port: values['mqtt-port'] === 'off' ? null : (whole('mqtt-port', 65_535) ?? mqttPortDefault),
    mayLackPort: values['mqtt-port'] === undefined,
    tls: certFile === undefined || keyFile === undefined ? null : { port: tlsPort, certFile, keyFile },
    allowsAnonymous: values['mqtt-anonymous'] ?? false,
    pendingPerAddressMax: whole('mqtt-pending', 20_000) ?? mqttDefaults.pendingPerAddressMax,
  };
}

async function start(settings: Arguments): Promise<void> {
  const { data, host, port, commitMs, ackMs } = settings;
  const log = makeLog(settings.log);
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const hub = await startHub({
    ...hubDefaults,
    dataDirectory: data,
    host,
    port,
    commitIntervalMs: commitMs,
    mqtt: settings.mqtt,
    ackIntervalMs: ackMs,
    log,
  });
  // For `lapwing enrolment-key`, which asks the running hub.
  writeFileSync(join(data, 'hub.json'), JSON.stringify({ url: hub.url, mqttPort: hub.mqttPort, pid: process.pid }), {
    mode: 0o600,
  });
  obeySignals(hub);
  if (process.send !== undefined) {
    const signInLink = hub.firstStart?.signInLink ?? null;
    const ready = {
      type: 'ready',
      url: hub.url,
      mqttPort: hub.mqttPort,
      signInLink,
      enrolmentKey: hub.firstStart?.enrolmentKey ?? null,
      ticket: await hub.makeTicket(),
    };
    process.send(ready);
  } else if (settings.json) {
    process.stdout.write(
      `${JSON.stringify({ type: 'ready', url: hub.url, mqttPort: hub.mqttPort, ...hub.firstStart })}\n`,
    );
  } else printWelcome(hub, settings.mqtt);
}

function printWelcome({ url, mqttPort, firstStart }: Hub, mqtt: MqttOptions): void {
  process.stdout.write(`${styleText('bold', 'lapwing')} listens on ${url}${describeMqtt(mqttPort, mqtt)}\n`);
  if (firstStart === null) {
    process.stdout.write('Sign in with your password, or make a link: npx lapwing sign-in-link\n');
    return;
  }
  process.stdout.write(`\nSign in (once, within a day):  ${styleText('cyan', firstStart.signInLink)}\n`);
  process.stdout.write(`Enrolment key for devices:     ${styleText('cyan', firstStart.enrolmentKey)}\n`);
  process.stdout.write(
    'Neither is kept or shown again; make new ones with npx lapwing sign-in-link and enrolment-key.\n\n',
  );
}

function describeMqtt(port: number | null, { allowsAnonymous }: MqttOptions): string {
  if (port === null) return '';
  const inbox = allowsAnonymous ? ', also without a credential: who comes so waits in the inbox' : '';
  return `, for MQTT on port ${port}${inbox}`;
}

/** The first signal drains and says Goodbye; a second one ends at once: unacked readings are sent again anyway. */
function obeySignals(hub: Hub): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) process.exit(signal === 'SIGINT' ? 130 : 143);
    isStopping = true;
    hub.stop().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(`lapwing: could not stop in order: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGINT', stop);
  // Whoever started us through IPC is gone without a word: nobody would stop us any more.
  process.on('disconnect', () => stop('SIGTERM'));
  process.on('SIGTERM', stop);
}

async function printSignInLink({ data, json }: Arguments): Promise<void> {
  const url = readHubUrl(data);
  const link = `${url}/sign-in#link=${await makeSignInLink(data)}`;
  process.stdout.write(json ? `${JSON.stringify({ signInLink: link })}\n` : `${link}\n`);
}

async function printEnrolmentKey({ data, json, uses, label }: Arguments): Promise<void> {
  const { key } = await askRunningHub<{ key: string }>(data, '/api/v1/enrolment-keys', { label, uses });
  process.stdout.write(json ? `${JSON.stringify({ enrolmentKey: key })}\n` : `${key}\n`);
}

async function printApiToken({ data, json, label }: Arguments): Promise<void> {
  const { id, token } = await askRunningHub<{ id: string; token: string }>(data, '/api/v1/tokens', { label });
  process.stdout.write(json ? `${JSON.stringify({ id, token })}\n` : `${token}\n`);
}

async function askRunningHub<T>(data: string, path: string, body: unknown): Promise<T> {
  const hub = await reachHub(data);
  const made = (await (await hub.askOk(path, { method: 'POST', body: JSON.stringify(body) })).json()) as T;
  await hub.signOut();
  return made;
}

/** A sentence for what its reader can mend, a stack for what only we can. */
function explain(error: unknown): string {
  if (error instanceof UsageError) return error.message;
  const { code, address, port, message, stack } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === 'EADDRINUSE')
    return `something already listens on ${address}:${port}; stop it, or choose another --port`;
  if (code === 'EADDRNOTAVAIL') return `this machine has no address ${address}; see --host`;
  if (code === 'EACCES' || code === 'EPERM') return `${message}; choose a --data folder or --port that you may use`;
  const isOurBug = error instanceof TypeError || error instanceof ReferenceError || code === 'ERR_ASSERTION';
  return isOurBug ? (stack ?? String(error)) : message;
}

main().catch((error: unknown) => {
  process.stderr.write(`lapwing: ${explain(error)}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
});
