/** The subset of value templates: what it reads, and that everything else is refused and nothing is run. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseTemplate, renderTemplate } from './value-template.ts';

function render(template: string, payload: unknown): unknown {
  const parsed = parseTemplate(template);
  return parsed === null
    ? 'refused'
    : renderTemplate(parsed, typeof payload === 'string' ? payload : JSON.stringify(payload));
}

test.each([
  ['{{ value }}', '21.5', '21.5'],
  ['{{value_json.a.b}}', { a: { b: 3 } }, 3],
  ["{{ value_json['a'][1] }}", { a: [1, 2] }, 2],
  ['{{ value_json.t | float | round(1) }}', { t: '21.349' }, 21.3],
  ['{{ value_json.t|float(0)|round(1) }}', {}, 0],
  ['{{ value_json.t | default("none") }}', {}, 'none'],
  ['{{ (value_json.raw / 4095 * 100) | round(1) }}', { raw: 1024 }, 25],
  ['{{ value_json.a - value_json.b * 2 }}', { a: 10, b: 3 }, 4],
  ['{{ -value_json.a + 1 }}', { a: 3 }, -2],
  ["{{ 'ON' if value_json.x == 1 else 'OFF' }}", { x: 1 }, 'ON'],
  ["{{ 'ON' if value_json.x > 3 and not value_json.y else 'OFF' }}", { x: 5, y: true }, 'OFF'],
  [
    '{% if value_json.x is defined %}{{ value_json.x }}{% elif value_json.y %}y{% else %}nothing{% endif %}',
    { y: 1 },
    'y',
  ],
  ['{{ value_json.x | int }} W', { x: 12.9 }, '12 W'],
  ['{{ value_json.name | upper }}', { name: 'on' }, 'ON'],
  ['{{ value | int / 10 }}', '215', 21.5],
])('%s', (template, payload, expected) => {
  expect(render(template, payload)).toBe(expected);
});

test('a payload that has not got what is asked for says nothing', () => {
  expect(render('{{ value_json.a.b }}', { a: 1 })).toBeUndefined();
  expect(render('{{ value_json.a }}', 'no JSON')).toBeUndefined();
  expect(render('{{ value_json.constructor }}', {})).toBeUndefined();
  expect(render("{{ value_json['__proto__'] }}", {})).toBeUndefined();
  expect(render('{{ value_json.a / 0 }}', { a: 1 })).toBeUndefined();
});

test.each([
  '{{ states("sensor.x") }}',
  '{{ value_json.get("a") }}',
  '{% for x in value_json %}{{ x }}{% endfor %}',
  '{% set x = 1 %}{{ x }}',
  '{{ cycler.__init__.__globals__ }}',
  '{{ value | regex_replace("a", "b") }}',
  '{{ value_json[value] }}',
  '{{ 1 + }}',
  '{% if value %}open',
  `{{ ${'('.repeat(100)}1${')'.repeat(100)} }}`,
  'x'.repeat(3_000),
])('%s is refused', (template) => {
  expect(parseTemplate(template)).toBeNull();
});

test('any text is a template or refused, and any payload is rendered or not', () => {
  const piece = fc.constantFrom(
    ...[
      '{{',
      '}}',
      '{%',
      '%}',
      ' if ',
      ' else ',
      'value_json',
      '.a',
      "['b']",
      '|',
      'round',
      '(',
      ')',
      '1',
      '+',
      '/',
      'value',
      ' endif ',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.json(), (pieces, payload) => {
      const parsed = parseTemplate(pieces.join(''));
      if (parsed !== null) renderTemplate(parsed, payload);
    }),
    { numRuns: 5_000, seed: 3 },
  );
});
