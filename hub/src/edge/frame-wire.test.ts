import fc from 'fast-check';
import { expect, test } from 'vitest';
// The classes behind its sockets; its types do not name them.
import * as ws from 'ws';
import { FrameReader, wrapMessage } from './frame-wire.ts';

interface WsReceiver {
  write(bytes: Buffer): boolean;
  on(event: string, listener: (...args: never[]) => void): void;
}
const { Receiver, Sender } = ws as unknown as {
  Receiver: new (options: { isServer: boolean; maxPayload: number; skipUTF8Validation: boolean }) => WsReceiver;
  Sender: { frame(data: Buffer, options: object): Buffer[] };
};

const bytesMax = 300;

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly length: number;
}

function frameOf({ opcode, isFinal, length }: Frame, seed: number): { wire: Buffer; payload: Buffer } {
  const payload = Buffer.from(Array.from({ length }, (_, i) => (i * 7 + seed) & 255));
  const list = Sender.frame(Buffer.from(payload), {
    opcode,
    fin: isFinal,
    mask: true,
    readOnly: false,
    rsv1: false,
  });
  return { wire: Buffer.concat(list), payload };
}

const nextTick = (): Promise<void> => new Promise((fulfil) => process.nextTick(fulfil));

/** What came out, in order: 'short' for what went past ws, else as ws tells it. */
async function readAll(chunks: readonly Buffer[]): Promise<{ told: string[]; short: number }> {
  const told: string[] = [];
  let short = 0;
  const receiver = new Receiver({ isServer: true, maxPayload: 1024, skipUTF8Validation: true });
  const reader = new FrameReader({
    bytesMax,
    take: (message) => {
      short += 1;
      told.push(`message true ${message.toString('hex')}`);
    },
    handOver: (bytes) => void receiver.write(bytes),
  });
  receiver.on('message', (data: Buffer, isBinary: boolean) => told.push(`message ${isBinary} ${data.toString('hex')}`));
  for (const name of ['ping', 'pong'] as const) {
    receiver.on(name, (data: Buffer) => told.push(`${name} ${data.toString('hex')}`));
  }
  receiver.on('conclude', (code: number) => told.push(`close ${code}`));
  receiver.on('error', (error: Error & { code?: string }) => {
    reader.stop();
    told.push(`error ${error.code}`);
  });
  for (const chunk of chunks) {
    reader.read(Buffer.from(chunk));
    await nextTick();
  }
  return { told, short };
}

/** The same through ws alone. */
async function readByWs(bytes: Buffer): Promise<string[]> {
  const told: string[] = [];
  const receiver = new Receiver({ isServer: true, maxPayload: 1024, skipUTF8Validation: true });
  receiver.on('message', (data: Buffer, isBinary: boolean) => told.push(`message ${isBinary} ${data.toString('hex')}`));
  for (const name of ['ping', 'pong'] as const) {
    receiver.on(name, (data: Buffer) => told.push(`${name} ${data.toString('hex')}`));
  }
  receiver.on('conclude', (code: number) => told.push(`close ${code}`));
  receiver.on('error', (error: Error & { code?: string }) => told.push(`error ${error.code}`));
  receiver.write(Buffer.from(bytes));
  await nextTick();
  return told;
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + sizes[i % sizes.length]!);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

const frames = fc.array(
  fc.record({
    opcode: fc.constantFrom(2, 2, 2, 2, 1, 0, 9, 10, 8, 3),
    isFinal: fc.boolean(),
    length: fc.constantFrom(0, 1, 3, 5, 60, 125, 126, 250, 299, 300, 301, 900, 1025),
  }),
  { maxLength: 12 },
);

test('however the bytes are cut, the messages are those that ws alone would tell', async () => {
  await fc.assert(
    fc.asyncProperty(
      frames,
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
      async (list, sizes) => {
        const bytes = Buffer.concat(list.map((frame, i) => frameOf(frame, i).wire));
        expect((await readAll(cut(bytes, sizes))).told).toEqual(await readByWs(bytes));
      },
    ),
    { numRuns: 2_000 },
  );
});

test('whole binary messages go past ws, several to a chunk', async () => {
  const list = [0, 1, 125, 126, 300].map((length, i) => frameOf({ opcode: 2, isFinal: true, length }, i));
  const { told, short } = await readAll([Buffer.concat(list.map(({ wire }) => wire))]);
  expect(told).toEqual(list.map(({ payload }) => `message true ${payload.toString('hex')}`));
  expect(short).toBe(list.length);
});

test('after a frame that came in pieces the short way is taken again', async () => {
  const one = frameOf({ opcode: 2, isFinal: true, length: 50 }, 1).wire;
  const { told, short } = await readAll([one, one.subarray(0, 1), one.subarray(1, 9), one.subarray(9), one]);
  expect(told).toHaveLength(3);
  expect(short).toBe(2);
});

test('nothing is read behind a Close or an error', async () => {
  const one = frameOf({ opcode: 2, isFinal: true, length: 5 }, 1).wire;
  const close = frameOf({ opcode: 8, isFinal: true, length: 0 }, 1).wire;
  const wrong = frameOf({ opcode: 3, isFinal: true, length: 5 }, 1).wire;
  expect((await readAll([Buffer.concat([close, one]), one])).told).toEqual(['close 1005']);
  expect((await readAll([Buffer.concat([wrong, one]), one])).told).toEqual(['error WS_ERR_INVALID_OPCODE']);
});

test('a wrapped message is what ws makes of it', () => {
  for (const length of [0, 1, 125, 126, 65_535, 65_536]) {
    const message = Buffer.alloc(length, 7);
    const list = Sender.frame(message, { opcode: 2, fin: true, mask: false, readOnly: true, rsv1: false });
    expect(wrapMessage(message).equals(Buffer.concat(list)), String(length)).toBe(true);
  }
});
