/**
 * A million damaged frames. Nothing throws, and what is taken for a message is one: it encodes, and decodes to the same.
 */
import { expect, test } from 'vitest';
import { loadGolden, loadInvalid } from '../test/golden-frames.ts';
import { makeRandom } from '../test/random.ts';
import { isSameMessage } from '../test/same-message.ts';
import { decodeMessage, encodeMessage, faultTable, limits, type Side } from './index.ts';

const seed = 20_260_101;
const rounds = 1_000_000;

const golden = loadGolden();
/** Long frames are long because of one text; the short ones hold every structure and are quick. More right ones than wrong ones. */
const sources = [...golden, ...golden, ...golden, ...loadInvalid()].filter(
  ({ frame }) => frame.length > 0 && frame.length <= 200,
);
const buffer = new Uint8Array(4096);

type Random = (below: number) => number;

/** Copies a frame into the middle of the buffer, damages it there, and returns where it ends. */
function makeDamaged(frame: Uint8Array, random: Random, start: number): number {
  buffer.set(frame, start);
  let end = start + frame.length;
  for (let hits = 1 + random(3); hits > 0; hits--) {
    const at = start + random(end - start);
    switch (random(6)) {
      case 0:
        buffer[at]! ^= 1 << random(8);
        break;
      case 1:
        buffer[at] = random(256);
        break;
      case 2:
        buffer[at] = [0x00, 0x01, 0x7f, 0x80, 0xff][random(5)]!;
        break;
      case 3:
        buffer.copyWithin(at + 1, at, end);
        end++;
        break;
      case 4:
        if (end - start > 1) {
          buffer.copyWithin(at, at + 1, end);
          end--;
        }
        break;
      default: {
        const other = sources[random(sources.length)]!.frame;
        const from = random(other.length);
        const length = Math.min(1 + random(16), other.length - from, end - at);
        buffer.set(other.subarray(from, from + length), at);
      }
    }
  }
  return end;
}

test(`FR-19: ${rounds} damaged frames (seed ${seed}) give a known fault, or a message that encodes to itself`, () => {
  const random = makeRandom(seed);
  const sides: readonly Side[] = ['device', 'hub', 'viewer', 'feed'];
  let taken = 0;
  for (let round = 0; round < rounds; round++) {
    const source = sources[random(sources.length)]!;
    const start = 16 + random(16);
    const end = makeDamaged(source.frame, random, start);
    const side = random(50) === 0 ? sides[random(4)]! : source.side;
    const frame = buffer.subarray(start, end);
    const decoded = decodeMessage(frame, side);
    if (!decoded.ok) {
      if (!(decoded.fault in faultTable) || decoded.text.length > limits.faultTextBytesMax) {
        throw new Error(`round ${round}: ${decoded.fault} ${decoded.text}`);
      }
      continue;
    }
    taken++;
    const again = decodeMessage(encodeMessage(decoded.message), side);
    if (!isSameMessage(again, decoded)) expect(again, `round ${round}`).toStrictEqual(decoded);
  }
  // Damage mostly shows; a tenth or more must get through, or this tests nothing but refusals.
  expect(taken).toBeGreaterThan(rounds / 10);
  expect(taken).toBeLessThan(rounds);
}, 60_000);
