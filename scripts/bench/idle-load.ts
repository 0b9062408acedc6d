/**
 * Many devices that connect, say Hello and then nothing but what a heartbeat asks for. A process of its own; its sockets are bare.
 * Says `measuring` when all are connected, keeps them for a while, and ends.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeMessage, encodeMessage } from '@lapwing/protocol';
import { boardMetrics } from './board-link.ts';
import { boardName } from './live-load.ts';
import { serveLoad } from './load-process.ts';
import { RawWsLink } from './raw-ws-link.ts';

export interface IdlePlan {
  readonly url: string;
  readonly tokens: readonly string[];
  /** A bare receiver answers nothing: do not wait for Welcome. */
  readonly isBare: boolean;
  readonly holdMs: number;
}

export interface IdleResult {
  readonly connected: number;
  readonly lost: number;
  readonly connectMs: number;
}

const openAtOnce = 50;

async function openIdle(plan: IdlePlan, index: number): Promise<RawWsLink> {
  const link = await RawWsLink.open({ url: plan.url, path: '/device/v1', token: plan.tokens[index]! });
  const welcomed = new Promise<void>((fulfil) => {
    link.messageOnArrive = (frame) => {
      const decoded = decodeMessage(frame, 'hub');
      if (!decoded.ok) throw new Error(`the hub sent what cannot be read: ${decoded.text}`);
      if (decoded.message.type === 'welcome') fulfil();
      if (decoded.message.type !== 'ping') return;
      const pong = { type: 'pong', pingSentMs: decoded.message.sentMs, clockMs: Date.now() } as const;
      link.write(RawWsLink.wrap(encodeMessage(pong)));
    };
  });
  const hello = {
    type: 'hello',
    version: 1,
    deviceId: boardName(index),
    token: '',
    model: 'load',
    firmware: '1',
  } as const;
  link.write(RawWsLink.wrap(encodeMessage({ ...hello, epoch: 1, clockMs: Date.now(), metrics: boardMetrics })));
  if (!plan.isBare) await welcomed;
  return link;
}

async function runPlan(plan: IdlePlan, say: (type: 'measuring' | 'measured') => void): Promise<IdleResult> {
  const startMs = performance.now();
  const links: RawWsLink[] = [];
  for (let first = 0; first < plan.tokens.length; first += openAtOnce) {
    const some = plan.tokens.slice(first, first + openAtOnce).map((_, i) => openIdle(plan, first + i));
    links.push(...(await Promise.all(some)));
  }
  const connectMs = performance.now() - startMs;
  say('measuring');
  await sleep(plan.holdMs);
  say('measured');
  const lost = links.filter((link) => link.ended !== '').length;
  for (const link of links) link.close();
  return { connected: links.length, lost, connectMs };
}

if (import.meta.main) await serveLoad(runPlan);
