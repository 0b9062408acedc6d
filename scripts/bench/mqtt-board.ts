/**
 * The same board and viewer as `BoardLink` and `FleetViewer`, spoken over MQTT with JSON, as devices there do. Owns one link and
 * its counts; a reading counts as acked when the broker has said so.
 */
import { boardMetrics, type LiveBoard } from './board-link.ts';
import { LatencyWindow } from './latency-window.ts';
import { MqttLink } from './mqtt-link.ts';
import { SeededWalk } from './seeded-walk.ts';

export class MqttBoard implements LiveBoard {
  sent = 0;
  private readonly link: MqttLink;
  private readonly topic: string;
  private readonly walk: SeededWalk;

  private constructor(link: MqttLink, topic: string, seed: number) {
    this.link = link;
    this.topic = topic;
    this.walk = new SeededWalk(seed, boardMetrics.length);
  }

  static async open(port: number, deviceId: string, seed: number): Promise<MqttBoard> {
    return new MqttBoard(await MqttLink.open(port, deviceId), `d/${deviceId}/t`, seed);
  }

  get acked(): number {
    return this.link.acked;
  }

  get ended(): string {
    return this.link.ended;
  }

  send(sentUs: number): void {
    this.sent += 1;
    this.walk.step();
    let json = `{"t":${Date.now()},"sentUs":${sentUs}`;
    for (let m = 1; m < boardMetrics.length; m++) json += `,"${boardMetrics[m]!.name}":${this.walk.tenths[m]! / 10}`;
    this.link.publish(this.topic, `${json}}`);
  }

  flush(): void {
    // Its Acks are not lazy.
  }

  close(): void {
    this.link.close();
  }
}

export class MqttViewer {
  batches = 0;
  readonly conflated = 0;
  readonly window = new LatencyWindow();
  private link: MqttLink | null = null;

  static async open(port: number, nowUs: () => number): Promise<MqttViewer> {
    const viewer = new MqttViewer();
    viewer.link = await MqttLink.open(port, 'viewer', ({ payload }) => {
      const at = nowUs();
      viewer.batches += 1;
      const { sentUs } = JSON.parse(payload.toString()) as { sentUs: number };
      viewer.window.note(sentUs, at);
    });
    await viewer.link.subscribe('d/+/t', 0);
    return viewer;
  }

  close(): void {
    this.link?.close();
  }
}
