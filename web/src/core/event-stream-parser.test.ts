import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventStreamParser, eventCharsMax } from './event-stream-parser.ts';

function parse(pieces: readonly string[]): [string, string][] {
  const told: [string, string][] = [];
  const parser = new EventStreamParser((data, id) => told.push([data, id]));
  for (const piece of pieces) parser.take(piece);
  return told;
}

test('events have their data and the id that stands last', () => {
  const text = 'retry: 2000\n\nid: a.1.0\ndata: AAAA\n\n: still here\n\ndata:BBBB\nid: a.2.0\n\n';
  expect(parse([text])).toEqual([
    ['AAAA', 'a.1.0'],
    ['BBBB', 'a.2.0'],
  ]);
});

test('several lines of data are one event; one space behind the colon is not data; what has no data is no event', () => {
  expect(parse(['data: a\ndata:  b\ndata\n\nid: 7\nevent: x\n\ndata:c\n\n'])).toEqual([
    ['a\n b\n', ''],
    ['c', '7'],
  ]);
});

test('an event without its empty line is not told', () => {
  expect(parse(['data: a\n'])).toEqual([]);
  expect(parse(['data: a\n', '\n'])).toEqual([['a', '']]);
});

test('where the pieces are cut, and which ends the lines have, changes nothing', () => {
  const events = fc.array(fc.tuple(fc.base64String({ minLength: 1 }), fc.stringMatching(/^[a-z0-9.]{1,8}$/)), {
    maxLength: 6,
  });
  const ending = fc.constantFrom('\n', '\r', '\r\n');
  fc.assert(
    fc.property(events, ending, fc.array(fc.nat(12)), (wanted, end, cuts) => {
      let text = wanted.map(([data, id]) => `: c${end}id: ${id}${end}data: ${data}${end}${end}`).join('');
      const pieces: string[] = [];
      for (const cut of cuts) {
        pieces.push(text.slice(0, cut));
        text = text.slice(cut);
      }
      expect(parse([...pieces, text])).toEqual(wanted);
    }),
  );
});

test('a line or an event without end is refused before it fills the memory', () => {
  const half = 'x'.repeat(eventCharsMax / 2 + 1);
  expect(() => parse([half, half])).toThrow(RangeError);
  expect(() => parse([`data: ${half}\n`, `data: ${half}\n`])).toThrow(RangeError);
});
