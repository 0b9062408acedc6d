/**
 * HTTP routes about bridges, the list of those that run, and the scrape of newest values. All off by default.
 *
 * Owns the running bridges. A change ends those whose settings changed and starts them anew; the others go on.
 */
import type { Bridges, MqttBridgeSettings } from '../core/bridges.ts';
import type { DeviceRoster } from '../core/device-roster.ts';
import { prometheusType, writePrometheus } from '../core/prometheus-text.ts';
import { bridgeShapes } from './bridge-shapes.ts';
import { HttpProblem, makeRoute, type Route } from './http-router.ts';
import { type BridgeHealth, type BridgeParts, MqttBridge } from './mqtt-bridge.ts';

const path = '/api/v1/bridges';

export class RunningBridges {
  private readonly running = new Map<string, MqttBridge>();
  private readonly bridges: Bridges;
  private readonly parts: BridgeParts;

  constructor(bridges: Bridges, parts: BridgeParts) {
    this.bridges = bridges;
    this.parts = parts;
  }

  /** Makes what runs what the settings say. */
  async apply(): Promise<void> {
    const wanted = this.bridges.get().mqtt.filter(({ isOn }) => isOn);
    const kept = (bridge: MqttBridge) => wanted.some((settings) => isSame(settings, bridge.settings));
    await this.end([...this.running.values()].filter((bridge) => !kept(bridge)));
    for (const settings of wanted) {
      if (!this.running.has(settings.id)) this.running.set(settings.id, new MqttBridge(settings, this.parts));
    }
  }

  stop(): Promise<void> {
    return this.end([...this.running.values()]);
  }

  health(): BridgeHealth[] {
    const off = { state: 'off', sinceMs: 0, error: '', messagesIn: 0, messagesOut: 0 } as const;
    return this.bridges.get().mqtt.map(({ id }) => this.running.get(id)?.health() ?? { id, ...off });
  }

  private async end(bridges: readonly MqttBridge[]): Promise<void> {
    for (const bridge of bridges) this.running.delete(bridge.settings.id);
    await Promise.all(bridges.map((bridge) => bridge.stop()));
  }
}

function isSame(a: MqttBridgeSettings, b: MqttBridgeSettings): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function makeBridgeRoutes({
  bridges,
  running,
  roster,
}: {
  bridges: Bridges;
  running: RunningBridges;
  roster: DeviceRoster;
}): Route[] {
  const describe = () => ({ ...bridges.show(), health: running.health() });
  return [
    makeRoute({
      method: 'GET',
      path,
      access: 'person',
      summary: 'Bridges to other systems, and how they are; never their passwords',
      answer: bridgeShapes.shown,
      handle: () => ({ status: 200, json: describe() }),
    }),
    makeRoute({
      method: 'PUT',
      path,
      access: 'person',
      summary: 'Say which bridges there are; a password left out stays as it was',
      body: bridgeShapes.ask,
      answer: bridgeShapes.shown,
      handle: async ({ body }) => {
        await bridges.change(body);
        await running.apply();
        return { status: 200, json: describe() };
      },
    }),
    makeRoute({
      method: 'GET',
      path: '/metrics/devices',
      access: 'reader',
      summary: 'Newest values of all devices for Prometheus, where switched on',
      produces: [prometheusType],
      handle: () => {
        if (!bridges.get().prometheus) {
          throw new HttpProblem(404, 'switched-off', {
            message: 'The scrape of newest values is switched off',
            advice: 'Switch it on: Settings, Bridges, or PUT /api/v1/bridges.',
          });
        }
        const encoder = new TextEncoder();
        async function* write(): AsyncGenerator<Uint8Array> {
          for (const piece of writePrometheus(roster.devices.values())) {
            yield encoder.encode(piece);
            // Devices and viewers get their turn between two pieces.
            await new Promise(setImmediate);
          }
        }
        return { status: 200, headers: { 'content-type': prometheusType }, stream: write };
      },
    }),
  ];
}
