/** Line protocol: escapes, types and times as InfluxDB reads them, and what is wrong told. */
import { expect, test } from 'vitest';
import { parseLine, splitLines } from './line-protocol.ts';

test('escapes, types and a time beyond a double', () => {
  expect(
    parseLine(
      String.raw`my\ meas\,x,tag\ a=b\=c,t=\\x f\ 1=1.5e3,i=-12i,u=7u,s="say \"hi\", a=b\\",t=t,F=FALSE 1700000000123456789`,
    ),
  ).toEqual({
    measurement: 'my meas,x',
    tags: [
      ['tag a', 'b=c'],
      ['t', '\\\\x'],
    ],
    fields: [
      ['f 1', 1500],
      ['i', -12],
      ['u', 7],
      ['s', 'say "hi", a=b\\'],
      ['t', true],
      ['F', false],
    ],
    time: 1_700_000_000_123_456_789n,
  });
  expect(parseLine('m f=1')).toMatchObject({ time: null });
});

test('lines end at newlines outside of quotes; comments may hold quotes', () => {
  expect([...splitLines('# it\'s "odd\na f="x\ny" 1\r\n\nb f=1')]).toEqual(['a f="x\ny" 1', 'b f=1']);
});

test.each([
  '',
  'm',
  'm ',
  'm,t f=1',
  'm,=v f=1',
  'm f',
  'm f=',
  'm f=1 x',
  'm f=1 1.5',
  'm f="open',
  'm f=0x12',
  'm f=1,',
  ',t=1 f=1',
  'm f=nan',
])('the line %j is told to be wrong', (line) => {
  expect(typeof parseLine(line)).toBe('string');
});
