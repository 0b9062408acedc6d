/**
 * One board with many metrics, for measuring the page: a process of its own, so that its work is not the page's. Started with
 * `URL DEVICE TOKEN METRICS HZ`; says `ready` over IPC once the hub welcomed it and sends one row each 1/HZ s until it is ended.
 * Owns one socket and one timer. It keeps no outbox.
 */
import { decodeMessage, encodeMessage, type MetricDeclaration, makeNumberColumn } from '@lapwing/protocol';
import { WebSocket } from 'ws';
import { SeededWalk } from './seeded-walk.ts';

const [url = '', deviceId = '', token = '', metricsText = '', hzText = ''] = process.argv.slice(2);
const count = Number(metricsText);
const periodMs = 1000 / Number(hzText);
const metrics = Array.from(
  { length: count },
  (_, i): MetricDeclaration => ({ name: `bank${Math.floor(i / 10)}.m${i % 10}`, unit: '°C', kind: 'gauge' }),
);
const walk = new SeededWalk(1, count);
const socket = new WebSocket(`${url.replace('http', 'ws')}/device/v1`, 'lapwing.v1', {
  perMessageDeflate: false,
  headers: { authorization: `Bearer ${token}` },
});
socket.binaryType = 'nodebuffer';

let sent = 0;
let owedMs = 0;
let lastMs = 0;

/** Sends what is due, so that a timer that fires late or cannot fire often enough does not lower the rate. */
function sendDue(): void {
  const nowMs = Date.now();
  owedMs += nowMs - lastMs;
  for (; owedMs >= periodMs; owedMs -= periodMs) {
    walk.step();
    sent += 1;
    socket.send(
      encodeMessage({
        type: 'batch',
        seq: sent,
        ackNow: false,
        backfill: false,
        times: Float64Array.of(Math.round(nowMs - owedMs)),
        columns: metrics.map((_, i) => makeNumberColumn(i, Float64Array.of(walk.tenths[i]! / 10))),
      }),
    );
  }
  lastMs = nowMs;
}

socket.on('open', () => {
  const hello = { type: 'hello', version: 1, deviceId, token: '', model: 'bench', firmware: '1' } as const;
  socket.send(encodeMessage({ ...hello, epoch: Date.now(), clockMs: Date.now(), metrics }));
});
socket.on('message', (frame: Buffer) => {
  const decoded = decodeMessage(frame, 'hub');
  if (!decoded.ok) throw new Error(`the hub sent what cannot be read: ${decoded.text}`);
  const { message } = decoded;
  if (message.type === 'ping') {
    socket.send(encodeMessage({ type: 'pong', pingSentMs: message.sentMs, clockMs: Date.now() }));
  } else if (message.type === 'fault') throw new Error(`the hub refused: ${message.text}`);
  else if (message.type === 'welcome') {
    lastMs = Date.now();
    setInterval(sendDue, Math.max(5, periodMs));
    process.send?.('ready');
  }
});
process.on('disconnect', () => process.exit(0));
