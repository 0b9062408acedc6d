/**
 * `kill -9` of the hub at random moments while MQTT publishers of QoS 1 send as fast as they are answered, and the proof that every
 * PUBACKed reading is stored once. Owns the hub, the publishers and a scratch data folder, and removes them however it ends.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createRandom } from '../../device-sim/src/core/random.ts';
import { endProcess } from '../child-processes.ts';
import { HubClient } from '../hub-client.ts';
import { findFreePort, startHub } from '../hub-process.ts';
import { atMost, type LoadReport, round } from '../load-report.ts';
import { MqttPublisher } from './mqtt-publisher.ts';

export interface MqttKillOptions {
  readonly kills: number;
  readonly publishers: number;
  /** Each publisher rests so long between an answer and its next message. */
  readonly intervalMs: number;
  readonly seed: number;
  readonly betweenMs: readonly [least: number, most: number];
  readonly tell: (line: string) => void;
}

const windowMessages = 10;
const lastMsMax = 60_000;

export async function runMqttKills(options: MqttKillOptions): Promise<LoadReport> {
  const folder = mkdtempSync(join(tmpdir(), 'lapwing-mqtt-kills-'));
  const ports = { port: await findFreePort(), mqttPort: await findFreePort() };
  let hub = await startHub({ dataFolder: folder, ...ports });
  try {
    const client = await HubClient.signIn(hub.signInLink);
    const publishers: MqttPublisher[] = [];
    const pace = { window: windowMessages, restMs: options.intervalMs };
    for (let i = 0; i < options.publishers; i++) {
      const deviceId = `soak-${i}`;
      publishers.push(new MqttPublisher(ports.mqttPort, { deviceId, token: await client.enrol(deviceId) }, pace));
    }
    const random = createRandom(options.seed);
    const [least, most] = options.betweenMs;
    const startedMs = performance.now();
    for (let kill = 1; kill <= options.kills; kill++) {
      await pause(least + random() * (most - least));
      await endProcess(hub.child, 'SIGKILL');
      hub = await startHub({ dataFolder: folder, ...ports });
      options.tell(`kill ${kill} of ${options.kills}: ${sum(publishers, 'acked')} acked so far`);
    }
    await pause(least);
    const seconds = (performance.now() - startedMs) / 1000;
    const late = pause(lastMsMax, undefined, { ref: false }).then(() =>
      Promise.reject(new Error('the publishers were not answered in the end')),
    );
    await Promise.race([Promise.all(publishers.map((publisher) => publisher.stop())), late]);
    return makeReport(options, { publishers, seconds, ...(await verify(client, publishers)) });
  } finally {
    await endProcess(hub.child, 'SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Verdict {
  lost: number;
  duplicated: number;
  invented: number;
}

/** In the end everything sent was PUBACKed, so each publisher's numbers are there, each once. */
async function verify(client: HubClient, publishers: readonly MqttPublisher[]): Promise<Verdict> {
  const verdict: Verdict = { lost: 0, duplicated: 0, invented: 0 };
  for (const [i, { sent }] of publishers.entries()) {
    const times = new Uint32Array(sent + 1);
    for (const value of (await client.readAll(`soak-${i}`, 'n')).values) {
      if (typeof value === 'number' && value >= 1 && value <= sent) times[value]! += 1;
      else verdict.invented += 1;
    }
    for (let n = 1; n <= sent; n++) {
      if (times[n] === 0) verdict.lost += 1;
      else verdict.duplicated += times[n]! - 1;
    }
  }
  return verdict;
}

function sum(publishers: readonly MqttPublisher[], what: 'acked' | 'resent' | 'reconnects'): number {
  return publishers.reduce((total, publisher) => total + publisher[what], 0);
}

function makeReport(
  options: MqttKillOptions,
  found: Verdict & { publishers: readonly MqttPublisher[]; seconds: number },
): LoadReport {
  const { lost, duplicated, invented, publishers, seconds } = found;
  const acked = sum(publishers, 'acked');
  const none = { most: 0, unit: 'readings' };
  return {
    scenario: 'soak mqtt kills',
    rounds: options.kills,
    figures: {
      ...{ acked, lost, duplicated, invented, publishers: publishers.length, seed: options.seed },
      ...{ resent: sum(publishers, 'resent'), reconnects: sum(publishers, 'reconnects') },
      ...{ seconds: round(seconds, 1), ackedPerSecond: round(acked / seconds, 0) },
    },
    goals: [
      atMost('PUBACKed and lost', lost, none),
      atMost('stored twice', duplicated, none),
      atMost('stored and never sent', invented, none),
    ],
  };
}
