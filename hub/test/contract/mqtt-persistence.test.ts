import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { StoreChange, StoredMqttRow } from '../../src/core/ports.ts';
import type { KeptPacket } from '../../src/edge/mqtt-kept-packets.ts';
import { MqttPersistence } from '../../src/edge/mqtt-persistence.ts';

test('passes the broker’s own tests of a persistence', async () => {
  const suite = join(import.meta.dirname, 'mqtt-persistence-suite.mjs');
  const args = ['--test', '--test-reporter=tap', suite];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 });
  expect(stdout).toMatch(/# pass [4-9]\d\n/);
  expect(stdout).toContain('# fail 0\n');
}, 60_000);

/** Rows as the table keeps them. */
class Rows {
  private readonly rows = new Map<string, StoredMqttRow>();
  readonly change = (change: StoreChange) => {
    if (change.kind !== 'mqtt') throw new Error(`a persistence says ${change.kind}`);
    for (const row of change.rows) {
      const key = `${row.kind} ${row.client} ${row.id}`;
      if (row.value === null) this.rows.delete(key);
      else this.rows.set(key, { ...row, value: row.value });
    }
  };
  readonly commit = async (change: StoreChange) => this.change(change);
  list(): StoredMqttRow[] {
    return [...this.rows.values()].sort((a, b) =>
      `${a.kind} ${a.client} ${a.id}` < `${b.kind} ${b.client} ${b.id}` ? -1 : 1,
    );
  }
}

const message = (n: number, more: Partial<KeptPacket> = {}): KeptPacket => ({
  ...{ cmd: 'publish', topic: 'a/b', payload: Buffer.from(String(n)), qos: 1, brokerId: 'x', brokerCounter: n },
  ...{ properties: { from: 'board' }, ...more },
});

async function readQueue(persistence: MqttPersistence): Promise<string[]> {
  const packets = (await persistence.outgoingStream({ id: 'c' }).toArray()) as KeptPacket[];
  return packets.map(({ payload }) => payload!.toString());
}

test('what is kept comes back in its order, with whose it was', async () => {
  const rows = new Rows();
  const before = new MqttPersistence([], rows);
  await before.setup({ id: 'x' });
  await before.addSubscriptions({ id: 'c' }, [{ topic: 'a/#', qos: 1 }]);
  await before.storeRetained(message(0, { retain: true }));
  for (let n = 1; n <= 12; n++) await before.outgoingEnqueue({ clientId: 'c' }, message(n));
  await before.outgoingUpdate({ id: 'c' }, { ...message(2), messageId: 42 });
  await before.outgoingClearMessageId({ id: 'c' }, { cmd: 'puback', qos: 0, messageId: 42 });
  await before.incomingStorePacket({ id: 'c' }, { ...message(9), messageId: 7 });
  await before.putWill({ id: 'c' }, message(99, { topic: 'w' }));

  const after = new MqttPersistence(rows.list(), rows);
  expect(await readQueue(after)).toEqual(['1', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12']);
  expect(after.listRetained()).toMatchObject([{ topic: 'a/b', properties: { from: 'board' } }]);
  expect(await after.subscriptionsByTopic('a/b')).toMatchObject([{ clientId: 'c', qos: 1 }]);
  await expect(after.incomingGetPacket({ id: 'c' }, { cmd: 'pubrel', qos: 0, messageId: 7 })).resolves.toBeDefined();
  expect(await after.getWill({ id: 'c' })).toMatchObject({ topic: 'w' });
  await after.cleanSubscriptions({ id: 'c' });
  await after.cleanIncoming({ id: 'c' });
  await after.delWill({ id: 'c' });
  await after.storeRetained(message(0, { retain: true, payload: Buffer.alloc(0) }));
  expect(rows.list()).toEqual([]);
});

test('what a message leaves behind is kept once, before it is answered', async () => {
  const rows = new Rows();
  const persistence = new MqttPersistence([], rows);
  await persistence.setup({ id: 'x' });
  await persistence.addSubscriptions({ id: 'c' }, [{ topic: 'a/b', qos: 1 }]);
  const packet = message(0, { retain: true });
  delete packet.brokerId;
  await persistence.prepare(packet, 'p');
  expect(rows.list().map(({ kind }) => kind)).toEqual(['out', 'retained', 'subs']);
  expect(await readQueue(persistence)).toEqual([]);
  // What the broker does after its answer.
  packet.brokerId = 'x';
  await persistence.storeRetained(packet);
  await persistence.outgoingEnqueueCombi(await persistence.subscriptionsByTopic('a/b'), packet);
  expect(await readQueue(persistence)).toEqual(['0']);
  expect(persistence.prepare(message(1, { topic: 'else' }), 'p')).toBeNull();
});

test('bounds: so many queued for a client, so many retained', async () => {
  const limits = { retainedMax: 2, retainedBytesMax: 1_000, queuedMax: 3 };
  const said: string[] = [];
  const rows = new Rows();
  const { change, commit } = rows;
  const leftOutFirst = (what: string, whose: string) => void said.push(`${what} ${whose}`);
  const persistence = new MqttPersistence([], { change, commit, leftOutFirst }, limits);
  for (let n = 0; n < 9; n++) {
    await persistence.outgoingEnqueue({ clientId: 'c' }, message(n));
    await persistence.storeRetained(message(n, { retain: true, topic: `t${n}` }));
  }
  expect(await readQueue(persistence)).toEqual(['0', '1', '2']);
  expect(persistence.listRetained()).toHaveLength(2);
  expect(persistence.figures()).toEqual({ retained: 2, retainedBytes: 6, retainedLeftOut: 7, queuedLeftOut: 6 });
  expect(said).toEqual(['retained t2', 'queued c']);
  // Also what is replaced is counted; a value that finds no room takes the one before it along.
  await persistence.storeRetained(message(0, { retain: true, topic: 't0', payload: Buffer.alloc(990) }));
  expect(persistence.figures()).toMatchObject({ retained: 2, retainedBytes: 995 });
  await persistence.storeRetained(message(0, { retain: true, topic: 't1', payload: Buffer.alloc(990) }));
  expect(persistence.figures()).toMatchObject({ retained: 1, retainedBytes: 992, retainedLeftOut: 8 });
  expect(rows.list().filter(({ kind }) => kind === 'retained')).toMatchObject([{ id: 't0' }]);
});
