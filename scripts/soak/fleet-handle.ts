/**
 * The parent's side of `fleet-process.ts`: starts the process, asks, and ends it. Owns that child and the questions still open.
 * A fleet that dies fails every open question; none hangs.
 */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { endProcess, spawnOwn } from '../child-processes.ts';
import type { HubClient } from '../hub-client.ts';
import { boardPrefix, type FleetAnswer, type FleetPlan, type FleetQuestion } from './fleet-process.ts';

interface OpenQuestion {
  readonly fulfil: (answer: FleetAnswer) => void;
  readonly reject: (error: Error) => void;
}

export class SoakFleet {
  private readonly child: ChildProcess;
  private readonly open = new Map<number, OpenQuestion>();
  private asked = 0;

  constructor() {
    this.child = spawnOwn([process.execPath, join(import.meta.dirname, 'fleet-process.ts')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (message) => {
      const { id, given, failed } = message as { id: number; given?: FleetAnswer; failed?: string };
      const question = this.open.get(id);
      this.open.delete(id);
      if (given === undefined) question?.reject(new Error(`the fleet failed: ${failed}`));
      else question?.fulfil(given);
    });
    this.child.on('exit', (code, signal) => {
      for (const { reject } of this.open.values()) reject(new Error(`the fleet ended (${signal ?? code})`));
      this.open.clear();
    });
  }

  ask(question: FleetQuestion): Promise<FleetAnswer> {
    if (this.child.exitCode !== null) return Promise.reject(new Error('the fleet has ended'));
    this.asked += 1;
    const id = this.asked;
    return new Promise((fulfil, reject) => {
      this.open.set(id, { fulfil, reject });
      this.child.send({ id, question });
    });
  }

  async end(): Promise<void> {
    await endProcess(this.child, 'SIGTERM', 2_000);
  }
}

/** Enrols `boards` devices through the API and returns what the fleet needs to be them. */
export async function enrolFleet(client: HubClient, boards: number): Promise<FleetPlan['tokens']> {
  const key = await client.makeEnrolmentKey(boards);
  const tokens: [string, string][] = [];
  for (let i = 1; i <= boards; i++) {
    const deviceId = `${boardPrefix}${i}`;
    const { token } = await client.post<{ token: string }>('/enroll', { key, deviceId });
    tokens.push([deviceId, token]);
  }
  return tokens;
}
