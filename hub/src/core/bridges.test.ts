import { describe, expect, test } from 'vitest';
import { Bridges, noBridges } from './bridges.ts';
import type { StoreChange } from './ports.ts';

const bridge = {
  id: 'home',
  isOn: true,
  url: 'mqtt://broker.lan',
  username: 'hub',
  read: ['tele/#'],
  homeAssistantPrefix: '',
};

describe('bridges', () => {
  test('are off until somebody turns one on, and come back after a restart', async () => {
    const changes: StoreChange[] = [];
    const bridges = new Bridges('', async (change) => void changes.push(change));
    expect(bridges.get()).toEqual(noBridges);
    await bridges.change({ prometheus: true, mqtt: [{ ...bridge, password: 'secret' }] });
    const stored = changes[0] as StoreChange & { kind: 'setting' };
    const again = new Bridges(stored.value, async () => undefined);
    expect(again.get().mqtt[0]).toEqual({ ...bridge, password: 'secret' });
    expect(JSON.stringify(again.show())).not.toContain('secret');
    expect(again.show().mqtt[0]).toEqual({ ...bridge, hasPassword: true });
  });

  test('keep a password that is not said again, but never for another address', async () => {
    const bridges = new Bridges('', async () => undefined);
    await bridges.change({ prometheus: false, mqtt: [{ ...bridge, password: 'secret' }] });
    await bridges.change({ prometheus: false, mqtt: [{ ...bridge, isOn: false }] });
    expect(bridges.get().mqtt[0]!.password).toBe('secret');
    await bridges.change({ prometheus: false, mqtt: [{ ...bridge, url: 'mqtt://evil.lan' }] });
    expect(bridges.get().mqtt[0]!.password).toBe('');
  });

  test('are as they were when the store did not take the change', async () => {
    const bridges = new Bridges('', () => Promise.reject(new Error('full')));
    await expect(bridges.change({ prometheus: true, mqtt: [] })).rejects.toThrow('full');
    expect(bridges.get()).toEqual(noBridges);
  });
});
