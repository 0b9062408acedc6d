import { encodeMessage, type Message } from '@lapwing/protocol';
import { describe, expect, test } from 'vitest';
import { CoreBench, makeBatch, makeHello } from '../../test/support/core-bench.ts';
import { framesBytesMax, takeFrames } from './ingest-frames.ts';

function pack(messages: readonly Message[]): Buffer {
  const parts = messages.flatMap((message) => {
    const frame = encodeMessage(message);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(frame.length);
    return [length, frame];
  });
  return Buffer.concat(parts);
}

async function* cutInto(bytes: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}

/** A hub that commits as soon as somebody is in a hurry. */
function openBench(): CoreBench {
  const bench = new CoreBench();
  bench.store.hurry = () => queueMicrotask(() => bench.store.commit());
  return bench;
}

function post(bench: CoreBench, body: AsyncIterable<Uint8Array>) {
  return takeFrames(body, { claim: null, session: bench.parts, nowMs: () => bench.nowMs });
}

describe('frames in a body', () => {
  test.each([1, 3, 7, 100_000])(
    'are taken however the body is cut (%i bytes at a time), and answered once committed',
    async (step) => {
      const bench = openBench();
      const body = pack([makeHello(), makeBatch(1), makeBatch(2)]);
      expect(await post(bench, cutInto(body, step))).toEqual({ ok: true, committedSeq: 2 });
      expect(bench.store.frames).toHaveLength(2);
    },
  );

  test('that come again are stored once', async () => {
    const bench = openBench();
    await post(bench, cutInto(pack([makeHello(), makeBatch(1), makeBatch(2)]), 50));
    const again = await post(bench, cutInto(pack([makeHello(), makeBatch(1), makeBatch(2), makeBatch(3)]), 50));
    expect(again).toEqual({ ok: true, committedSeq: 3 });
    expect(bench.store.frames).toHaveLength(3);
  });

  test('leave a sleeping device asleep where it says so', async () => {
    const bench = openBench();
    const goodbye = { type: 'goodbye', reason: 'sleeping', backMs: 300_000 } as const;
    await post(bench, cutInto(pack([makeHello(), makeBatch(1), goodbye]), 1_000));
    expect(bench.roster.devices.get('pi-1')!.presence).toBe('asleep');
  });

  test('are refused by the fault that a link would be closed with', async () => {
    const bench = openBench();
    const refused = async (body: Buffer) => await post(bench, cutInto(body, 1_000));
    expect(await refused(pack([makeBatch(1)]))).toMatchObject({ ok: false, fault: 'helloExpected' });
    expect(await refused(pack([makeHello({ token: 'x' })]))).toMatchObject({ ok: false, fault: 'unauthorized' });
    expect(await refused(pack([makeHello(), makeBatch(5)]))).toMatchObject({ ok: false, fault: 'sequenceGap' });
    const cut = pack([makeHello(), makeBatch(1)]);
    expect(await refused(cut.subarray(0, cut.length - 1))).toMatchObject({ ok: false, fault: 'malformedFrame' });
    expect(await refused(Buffer.from([255, 255, 255, 255]))).toMatchObject({ ok: false, fault: 'frameTooLarge' });
  });

  test('beyond the bound of a body are refused without being read to the end', async () => {
    const bench = openBench();
    let read = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield pack([makeHello()]);
      const pings = pack(Array.from({ length: 1_000 }, () => ({ type: 'ping', sentMs: 1 }) as const));
      for (;;) {
        read += pings.length;
        yield pings;
      }
    }
    expect(await post(bench, endless())).toMatchObject({ ok: false, fault: 'frameTooLarge' });
    expect(read).toBeLessThan(2 * framesBytesMax);
  });

  test('that the store cannot take are refused, and the device is told when to come again', async () => {
    const bench = openBench();
    bench.store.isAvailable = false;
    const result = await post(bench, cutInto(pack([makeHello(), makeBatch(1)]), 1_000));
    expect(result).toMatchObject({ ok: false, fault: 'storeUnavailable', retryAfterMs: 2_000 });
  });
});
