import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvParser, type CsvRecord } from './csv-parser.ts';

function parse(text: string, chunk = text.length || 1): CsvRecord[] {
  const parser = new CsvParser();
  const found: CsvRecord[] = [];
  for (let at = 0; at < text.length; at += chunk) found.push(...parser.push(text.slice(at, at + chunk)));
  return [...found, ...parser.finish()];
}

test('RFC 4180: quotes, doubled quotes, commas and line ends within quotes, CRLF, no end at the end', () => {
  const text = '\ufeffa,b,c\r\n1,"x, ""y""\r\nz",\r\n\r\n"",2,3';
  expect(parse(text)).toEqual([
    { line: 1, fields: ['a', 'b', 'c'], wrong: '' },
    { line: 2, fields: ['1', 'x, "y"\r\nz', ''], wrong: '' },
    { line: 5, fields: ['', '2', '3'], wrong: '' },
  ]);
});

test('chunks of any size give the same records', () => {
  const field = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', '\r\n', ' ', 'é'), maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 2, maxLength: 4 }), { maxLength: 8 }), (rows) => {
      const text = rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')).join('\r\n');
      const whole = parse(text);
      expect(whole.map(({ fields }) => fields)).toEqual(rows);
      for (const chunk of [1, 2, 7]) expect(parse(text, chunk)).toEqual(whole);
    }),
    { numRuns: 200 },
  );
});

test('a bad line is told with its number, and the next ones are read', () => {
  expect(parse('t,v\n1,"a"b\n2,x"\n3,4\n').map(({ line, wrong, fields }) => [line, wrong !== '', fields[0]])).toEqual([
    [1, false, 't'],
    [2, true, undefined],
    [3, true, undefined],
    [4, false, '3'],
  ]);
});

test('a quote that is never closed costs its own line only', () => {
  const records = parse('1,"open\n2,5\n3,6');
  expect(records.map(({ line, wrong }) => [line, wrong !== ''])).toEqual([
    [1, true],
    [2, false],
    [3, false],
  ]);
});
