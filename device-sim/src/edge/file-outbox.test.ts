import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendFrames, frameOf, readThrough, testOutbox } from '../../test/outbox-contract.ts';
import { FileOutbox } from './file-outbox.ts';

let directory: string;
let notes: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lapwing-outbox-'));
  notes = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(options: { bytesMax?: number; bootId?: string; folder?: string } = {}): FileOutbox {
  return new FileOutbox({
    directory: options.folder ?? directory,
    bytesMax: options.bytesMax ?? 1 << 20,
    newEpoch: 4711,
    bootId: options.bootId ?? 'boot-1',
    reserveSeqs: 16,
    outboxOnNote: (text) => notes.push(text),
  });
}

function segmentPaths(folder = directory): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .map((name) => join(folder, name));
}

testOutbox({ name: 'file', make: (bytesMax) => open({ bytesMax }) });

describe('over a restart', () => {
  test('SE-5: closed in order, it goes on with the same epoch and the next number', () => {
    const first = open();
    appendFrames(first, 40);
    first.ackThrough(10);
    first.close();
    const second = open({ bootId: 'boot-2' });
    expect(second.epoch).toBe(4711);
    expect(second.nextSeq()).toBe(41);
    expect(readThrough(second, 10).every(({ kind }) => kind === 'frame')).toBe(true);
    expect(notes).toEqual([]);
  });

  test('DL-2: kill -9 loses nothing, because the machine goes on', () => {
    appendFrames(open(), 40);
    const second = open();
    expect(second.nextSeq()).toBe(41);
    expect(readThrough(second, 0).length).toBe(40);
    appendFrames(second, 1);
    expect(second.itemAfter(40)).toMatchObject({ kind: 'frame', frame: frameOf(41) });
  });

  test('a power cut never lets a number be used twice: what may have been used is a hole', () => {
    appendFrames(open(), 40);
    // Of 40 frames the card kept 20: the file ends where the last fsync left it, or later.
    const [path] = segmentPaths();
    writeFileSync(path!, readFileSync(path!).subarray(0, 3_500));
    const second = open({ bootId: 'boot-2' });
    // 1…16, 17…32 and 33…48 were reserved, the last not seen by this copy of the file.
    const items = readThrough(second, 0);
    const hole = items.at(-1)!;
    expect(hole).toMatchObject({ kind: 'hole', reason: 'corrupt', readings: 0 });
    expect(second.nextSeq() % 16).toBe(1);
    expect(second.nextSeq()).toBeGreaterThanOrEqual(32);
    expect(notes.length).toBe(1);
    appendFrames(second, 1);
    expect(readThrough(open({ bootId: 'boot-2' }), 0).length).toBe(items.length + 1);
  });

  test('an overflow hole survives, with its times and readings', () => {
    const first = open({ bytesMax: 64 * 1024 });
    appendFrames(first, 2_000);
    const hole = first.itemAfter(0);
    expect(hole).toMatchObject({ kind: 'hole', reason: 'overflow' });
    expect(open({ bytesMax: 64 * 1024 }).itemAfter(0)).toEqual(hole);
  });

  test('acked segments are gone, and a live link keeps one small file', () => {
    const outbox = open({ bytesMax: 256 * 1024 });
    for (let seq = 1; seq <= 3_000; seq++) {
      appendFrames(outbox, 1);
      outbox.ackThrough(seq - 2);
    }
    expect(segmentPaths().length).toBeLessThanOrEqual(2);
    expect(outbox.counts().bytes).toBeLessThan(64 * 1024);
    expect(open({ bytesMax: 256 * 1024 }).nextSeq()).toBe(3_001);
  });

  test('a segment of which nothing is left becomes a hole between its neighbours', () => {
    const first = open({ bytesMax: 64 * 1024 });
    appendFrames(first, 150);
    first.close();
    const paths = segmentPaths();
    expect(paths.length).toBeGreaterThan(2);
    writeFileSync(paths[1]!, 'nothing like it was');
    const second = open({ bytesMax: 64 * 1024 });
    const holes = readThrough(second, 0).filter(({ kind }) => kind === 'hole');
    expect(holes).toMatchObject([{ reason: 'corrupt' }]);
    expect(second.nextSeq()).toBe(151);
  });
});

describe('DL-16: new numbers', () => {
  const place = (name: string): string => join(directory, name);

  /** The directory before and after 300 frames, 40 of them acked, get new numbers. */
  function makeBoth(): void {
    const outbox = open({ folder: place('now') });
    appendFrames(outbox, 300);
    outbox.ackThrough(40);
    cpSync(place('now'), place('before'), { recursive: true });
    expect(outbox.renumber(99)).toBe(true);
    outbox.close();
    renameSync(place('now'), place('after'));
  }

  test('the numbers of a run before may be used, those of this run are not until they are sent', () => {
    const first = open();
    appendFrames(first, 40);
    expect(first.usedThrough).toBe(0);
    expect(open().usedThrough).toBe(40);
  });

  test('killed while the new frames are written: the old state stands', () => {
    makeBoth();
    const [whole, ...rest] = segmentPaths(place('after'));
    for (const bytes of [0, 10, 30, 900, readFileSync(whole!).length]) {
      cpSync(place('before'), place('outbox'), { recursive: true });
      cpSync(place('after'), place('outbox.next'), { recursive: true });
      for (const path of rest) rmSync(path.replace('after', 'outbox.next'));
      const path = whole!.replace('after', 'outbox.next');
      writeFileSync(path, readFileSync(path).subarray(0, bytes));
      const outbox = open({ folder: place('outbox') });
      expect(outbox.epoch).toBe(4711);
      expect(readThrough(outbox, 40).length).toBe(260);
      outbox.close();
      rmSync(place('outbox'), { recursive: true });
      expect(readdirSync(directory).sort()).toEqual(['after', 'before']);
    }
  });

  test.each([
    ['between the two renames', 'outbox.next'],
    ['before the old frames are deleted', 'outbox'],
  ])('killed %s: the new state stands', (_when, placeOfNew) => {
    makeBoth();
    cpSync(place('before'), place('outbox.old'), { recursive: true });
    cpSync(place('after'), place(placeOfNew), { recursive: true });
    const outbox = open({ folder: place('outbox') });
    expect(outbox.epoch).toBe(99);
    expect(readThrough(outbox, 0).length).toBe(260);
    expect(outbox.itemAfter(0)).toMatchObject({ frame: frameOf(1, 100, 41) });
    expect(readdirSync(directory).sort()).toEqual(['after', 'before', 'outbox']);
  });

  test('a disk that does not take the new frames leaves everything as it was', () => {
    const outbox = open({ folder: place('outbox') });
    appendFrames(outbox, 5);
    writeFileSync(place('outbox.next'), 'in the way');
    expect(outbox.renumber(99)).toBe(false);
    expect(outbox.epoch).toBe(4711);
    expect(readThrough(outbox, 0).length).toBe(5);
    appendFrames(outbox, 1);
    expect(readThrough(open({ folder: place('outbox') }), 0).length).toBe(6);
    expect(notes[0]).toMatch(/does not take the outbox/);
  });

  test('what is known beside the frames is written before they change', () => {
    const seen: unknown[] = [];
    const outbox = new FileOutbox({
      directory,
      bytesMax: 1 << 20,
      newEpoch: 1,
      bootId: '',
      outboxOnEpoch: (epoch) => seen.push([epoch, outbox.epoch, outbox.nextSeq()]),
    });
    appendFrames(outbox, 5);
    outbox.ackThrough(3);
    outbox.renumber(99);
    expect(seen).toEqual([[99, 1, 6]]);
    expect(outbox.nextSeq()).toBe(3);
  });
});

describe('damage', () => {
  /** The bytes of an outbox with five frames, and where its last record begins. */
  function makeSegment(): { bytes: Buffer; lastAt: number } {
    const outbox = open();
    appendFrames(outbox, 4);
    const lastAt = readFileSync(segmentPaths()[0]!).length;
    appendFrames(outbox, 1);
    return { bytes: readFileSync(segmentPaths()[0]!), lastAt };
  }

  function openWith(bytes: Uint8Array, bootId?: string): FileOutbox {
    const folder = mkdtempSync(join(directory, 'copy-'));
    writeFileSync(join(folder, 'outbox-0000000000000001.seg'), bytes);
    return open({ folder, ...(bootId === undefined ? {} : { bootId }) });
  }

  test('killed at every byte of the last record: what was whole is there, and the number is free again', () => {
    const { bytes, lastAt } = makeSegment();
    expect(bytes.length - lastAt).toBe(137);
    for (let length = lastAt; length < bytes.length; length++) {
      const outbox = openWith(bytes.subarray(0, length));
      expect(outbox.nextSeq()).toBe(5);
      expect(readThrough(outbox, 0).length).toBe(4);
      appendFrames(outbox, 1);
      expect(outbox.itemAfter(4)).toMatchObject({ kind: 'frame', frame: frameOf(5) });
      outbox.close();
    }
  });

  test('one flipped bit anywhere never gives a wrong frame, nor a number twice', () => {
    const { bytes } = makeSegment();
    for (let at = 25; at < bytes.length; at += 3) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1 << (at % 8);
      const outbox = openWith(damaged, 'boot-2');
      const items = readThrough(outbox, 0);
      for (const item of items) if (item.kind === 'frame') expect(item.frame).toEqual(frameOf(item.seq));
      expect(outbox.nextSeq()).toBeGreaterThanOrEqual(6);
      outbox.close();
    }
  });

  test('a damaged record in the middle is a hole with reason corrupt, and the rest is found again', () => {
    const { bytes } = makeSegment();
    const at = bytes.indexOf(Buffer.from(frameOf(3)));
    for (const [offset, value] of [
      [20, 0xff],
      // The length itself.
      [-37, 0xff],
      [-34, 0x7f],
    ] as const) {
      const damaged = Buffer.from(bytes);
      damaged[at + offset] = value;
      const items = readThrough(openWith(damaged), 0);
      expect(items.map(({ kind }) => kind)).toEqual(['frame', 'frame', 'hole', 'frame', 'frame']);
      expect(items[2]).toMatchObject({ fromSeq: 3, toSeq: 3, reason: 'corrupt' });
    }
  });

  test('any prefix of the file opens', () => {
    const { bytes } = makeSegment();
    for (let length = 0; length < bytes.length; length += 7) {
      const outbox = openWith(bytes.subarray(0, length));
      readThrough(outbox, 0);
      appendFrames(outbox, 1);
      outbox.close();
    }
  });
});
