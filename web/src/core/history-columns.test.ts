import { describe, expect, it } from 'vitest';
import { encodeAnswer } from '../../test/mock-columns.ts';
import { decodeColumns } from './history-columns.ts';

const facts = { fromMs: 1000, toMs: 3000, through: [{ stream: 1, seq: 7 }] };
const bytes = encodeAnswer({
  ...facts,
  series: [
    { metric: 3, name: 'température', texts: [], count: [2, 0], mean: [1.5, null] },
    { metric: 4, name: 'b', texts: [], count: [0, 1] },
  ],
}).buffer;

const readText = (utf8: Uint8Array) => new TextDecoder().decode(utf8);

describe('an answer in columns', () => {
  it('reads as the hub wrote it', () => {
    expect(decodeColumns(bytes, readText)).toEqual({
      ...facts,
      series: [
        {
          metric: 3,
          name: 'température',
          texts: [],
          count: Float64Array.of(2, 0),
          mean: Float64Array.of(1.5, Number.NaN),
        },
        { metric: 4, name: 'b', texts: [], count: Float64Array.of(0, 1) },
      ],
    });
  });

  it('is refused when it is cut, or something else', () => {
    for (let length = 0; length < bytes.byteLength; length++) {
      expect(() => decodeColumns(bytes.slice(0, length), readText)).toThrow();
    }
    expect(() => decodeColumns(new TextEncoder().encode('{"series":[]}').buffer as ArrayBuffer, readText)).toThrow(
      'not an answer',
    );
  });
});
