/** The inbox and the bridges of the mock hub. Owns who waits and the settings; checks nothing that a real hub checks. */
import type { IncomingMessage } from 'node:http';
import { readBody } from './mock-secrets.ts';

export interface MockWaiting {
  readonly id: string;
  readonly dialect: string;
  readonly native: string;
  readonly facts: Record<string, string>;
  readonly deviceId: string | null;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly messages: number;
  readonly intervalMs: number | null;
  readonly lastTopic: string;
  readonly lastPayload: string;
  readonly metrics: readonly { name: string; unit: string; kind: string; latest: number | string | null }[];
}

export class MockInbox {
  waiting: MockWaiting[] = [];
  readonly adopted: string[] = [];
  blocked: Pick<MockWaiting, 'id' | 'dialect' | 'native'>[] = [];
  bridges = { prometheus: false, mqtt: [] as Record<string, unknown>[] };

  /** A Tasmota plug, and a topic that nobody reads. */
  fill(nowMs: number): void {
    const shared = { firstMs: nowMs - 60_000, lastMs: nowMs - 3_000 };
    this.waiting.push(
      {
        ...shared,
        id: 'tasmota/AABBCC',
        dialect: 'tasmota',
        native: 'AABBCC',
        facts: { name: 'Kitchen plug', model: 'Sonoff S31', address: '192.168.1.31' },
        deviceId: 'tasmota-AABBCC',
        messages: 12,
        intervalMs: 10_000,
        lastTopic: 'tele/kitchen/SENSOR',
        lastPayload: '{"ENERGY":{"Total":3.185,"Power":42,"Voltage":230}}',
        metrics: [
          { name: 'energy.total', unit: 'kWh', kind: 'counter', latest: 3.185 },
          { name: 'energy.power', unit: 'W', kind: 'gauge', latest: 42 },
          { name: 'power', unit: '', kind: 'bool', latest: 1 },
          { name: 'wifi.rssi', unit: 'dBm', kind: 'gauge', latest: -61 },
        ],
      },
      {
        ...shared,
        id: '/plant/line7/blob',
        dialect: '',
        native: 'plant/line7/blob',
        facts: {},
        deviceId: null,
        messages: 1,
        intervalMs: null,
        lastTopic: 'plant/line7/blob',
        lastPayload: '0x00ff17',
        metrics: [],
      },
    );
  }

  async answer(request: IncomingMessage, parts: readonly string[]): Promise<{ status: number; json?: unknown }> {
    if (parts[1] === 'bridges') return this.answerBridges(request);
    if (parts[2] === 'blocked') return { status: 200, json: { blocked: this.blocked, max: 1_000 } };
    if (request.method === 'GET') return { status: 200, json: { devices: this.waiting, dropped: 0 } };
    const { id, deviceId } = await readBody(request);
    if (parts[2] === 'unblock') {
      this.blocked = this.blocked.filter((device) => device.id !== id);
      return { status: 204 };
    }
    const found = this.waiting.find((device) => device.id === id);
    this.waiting = this.waiting.filter((device) => device.id !== id);
    if (parts[2] === 'block') {
      if (found !== undefined) this.blocked.push({ id: found.id, dialect: found.dialect, native: found.native });
      return { status: 204 };
    }
    this.adopted.push(String(deviceId));
    return { status: 200, json: { deviceId } };
  }

  private async answerBridges(request: IncomingMessage): Promise<{ status: number; json?: unknown }> {
    if (request.method === 'PUT') {
      const body = await readBody(request);
      const mqtt = (body.mqtt as Record<string, unknown>[]).map(({ password, ...rest }) => ({
        ...rest,
        hasPassword: password !== undefined && password !== '',
      }));
      this.bridges = { prometheus: body.prometheus === true, mqtt };
    }
    const health = this.bridges.mqtt.map(({ id, isOn }) => ({
      id,
      state: isOn === true ? 'connected' : 'off',
      sinceMs: 0,
      error: '',
      messagesIn: 17,
      messagesOut: 4,
    }));
    return { status: 200, json: { ...this.bridges, health } };
  }
}
