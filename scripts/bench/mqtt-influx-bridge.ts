/**
 * The leanest honest bridge from an MQTT broker to InfluxDB: JSON in, line protocol out, a request per 200 ms or 500 messages,
 * and the broker is told that a message is done only when InfluxDB has it on disk. Run as a process of its own; its plan comes
 * over IPC, and it ends when its parent does.
 */
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { MqttLink, type Published } from './mqtt-link.ts';

export interface BridgePlan {
  readonly mqttPort: number;
  readonly influxPort: number;
}

const messagesMax = 500;
const waitMs = 200;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

let lines: string[] = [];
let packetIds: number[] = [];

function take({ topic, payload, packetId }: Published): void {
  const { t, ...fields } = JSON.parse(payload.toString()) as Record<string, number>;
  let line = `r,dev=${topic.slice(2, -2)} `;
  for (const name in fields) line += `${name}=${fields[name]},`;
  lines.push(`${line.slice(0, -1)} ${t}`);
  packetIds.push(packetId);
  if (lines.length >= messagesMax) flush();
}

function flush(): void {
  if (lines.length === 0) return;
  const body = lines.join('\n');
  const done = packetIds;
  lines = [];
  packetIds = [];
  const path = '/write?db=bench&precision=ms';
  const post = request({ agent, host: '127.0.0.1', port: plan.influxPort, method: 'POST', path }, (answer) => {
    if (answer.statusCode !== 204) throw new Error(`InfluxDB answered ${answer.statusCode}`);
    answer.resume();
    link.acknowledge(done);
  });
  post.end(body);
}

process.on('disconnect', () => process.exit(0));
const [plan] = (await once(process, 'message')) as [BridgePlan];
const link = await MqttLink.open(plan.mqttPort, 'bridge', take);
await link.subscribe('d/+/t', 1);
setInterval(flush, waitMs);
process.send?.({ type: 'ready' });
