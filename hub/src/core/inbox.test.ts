import { expect, test } from 'vitest';
import type { Finding } from './dialects/dialect.ts';
import { Inbox } from './inbox.ts';

const reading = {
  type: 'reading',
  device: 'x',
  metric: 'temperature',
  unit: '°C',
  kind: 'gauge',
  value: 21,
} as Finding;

test('learns how often a device speaks, where it says one thing on several topics', () => {
  const inbox = new Inbox();
  const name = { dialect: 'plain', native: 'shed' };
  for (const word of [0, 5_000, 10_000, 15_000]) {
    for (const later of [0, 3, 40]) {
      inbox.note(name, { topic: 'shed/t', payload: new Uint8Array(1), arrivedMs: word + later }, [reading]);
    }
  }
  expect(inbox.find('plain/shed')?.messages).toBe(12);
  expect(inbox.find('plain/shed')?.intervalMs).toBeCloseTo(4_960, 0);
});

test('the first gap, right after a connection, is soon outweighed', () => {
  const inbox = new Inbox();
  const name = { dialect: 'plain', native: 'shed' };
  for (const arrivedMs of [0, 1_200, 6_200, 11_200, 16_200]) {
    inbox.note(name, { topic: 'shed/t', payload: new Uint8Array(1), arrivedMs }, [reading]);
  }
  expect(inbox.find('plain/shed')?.intervalMs).toBe(4_050);
});

test('who is blocked and unblocked waits with what was known of it; of so many only', () => {
  const inbox = new Inbox({ devicesMax: 3, metricsMax: 4, payloadBytesMax: 8, asideMax: 1 });
  const names = ['shed', 'roof'].map((native) => ({ dialect: 'zigbee2mqtt', native }));
  const facts = { type: 'facts', device: 'x', name: 'Door', model: 'MCCGQ11LM' } as Finding;
  for (const name of names) {
    inbox.note(name, { topic: 't', payload: new Uint8Array(1), arrivedMs: 0 }, [facts, reading]);
    inbox.setAside(name);
    expect(inbox.find(`zigbee2mqtt/${name.native}`)).toBeNull();
  }
  for (const name of names) inbox.bringBack(name);
  expect(inbox.list().map(({ native }) => native)).toEqual(['roof']);
  expect(inbox.find('zigbee2mqtt/roof')?.facts).toEqual({ name: 'Door', model: 'MCCGQ11LM' });
});
