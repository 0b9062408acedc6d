/**
 * Expressions of value templates: from text to a tree, and from a tree and a payload to a value.
 *
 * Owns no state. A recursive descent with bounded depth and size; what it does not know makes the whole expression null.
 */
import { isObject, type Json, memberOf, readNumber } from './read-payload.ts';

export interface TemplateScope {
  readonly value: string;
  readonly json: Json | undefined;
}

export type Expression =
  | { readonly type: 'literal'; readonly value: Json }
  | { readonly type: 'value' | 'json' }
  | { readonly type: 'member'; readonly of: Expression; readonly key: string | number }
  | {
      readonly type: 'filter';
      readonly of: Expression;
      readonly name: FilterName;
      readonly args: readonly Expression[];
    }
  | { readonly type: 'binary'; readonly sign: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'not' | 'minus'; readonly of: Expression }
  | { readonly type: 'defined'; readonly of: Expression; readonly wanted: boolean }
  | { readonly type: 'choice'; readonly when: Expression; readonly then: Expression; readonly otherwise: Expression };

const filterNames = [
  'float',
  'int',
  'round',
  'default',
  'is_defined',
  'abs',
  'lower',
  'upper',
  'trim',
  'string',
  'bool',
  'title',
] as const;
type FilterName = (typeof filterNames)[number];
const depthMax = 24;
const tokensMax = 300;
/** So that `value ~ value ~ …` stays small. */
const joinedCharsMax = 4_096;
const tokenPattern =
  /\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?)|'([^'\\]*)'|"([^"\\]*)"|([A-Za-z_]\w*)|(==|!=|<=|>=|\/\/|[-+*/%<>|.()[\],~]))/y;

type Token =
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'word' | 'sign'; readonly value: string };

/** Thrown and caught within this file only: the shortest way out of a deep descent. */
class Unsupported extends Error {}

export class TemplateParser {
  readonly #tokens: Token[] = [];
  #at = 0;
  #isWhole = true;

  constructor(text: string) {
    tokenPattern.lastIndex = 0;
    let end = 0;
    for (let found = tokenPattern.exec(text); found !== null; found = tokenPattern.exec(text)) {
      end = tokenPattern.lastIndex;
      const [, number, single, double, word, sign] = found;
      if (number !== undefined) this.#tokens.push({ type: 'number', value: Number(number) });
      else if (word !== undefined) this.#tokens.push({ type: 'word', value: word });
      else if (sign !== undefined) this.#tokens.push({ type: 'sign', value: sign });
      else this.#tokens.push({ type: 'text', value: single ?? double ?? '' });
      if (this.#tokens.length > tokensMax) break;
    }
    this.#isWhole = text.slice(end).trim() === '' && this.#tokens.length <= tokensMax;
  }

  /** Null for what is outside of the subset. */
  parseAll(): Expression | null {
    if (!this.#isWhole) return null;
    try {
      const found = this.#choice(0);
      return this.#at === this.#tokens.length ? found : null;
    } catch (error) {
      if (error instanceof Unsupported) return null;
      throw error;
    }
  }

  #take(type: 'word' | 'sign', ...values: readonly string[]): string | null {
    const token = this.#tokens[this.#at];
    if (token?.type !== type || !values.includes(token.value)) return null;
    this.#at++;
    return token.value;
  }

  #need(sign: string): void {
    if (this.#take('sign', sign) === null) throw new Unsupported();
  }

  #choice(depth: number): Expression {
    if (depth > depthMax) throw new Unsupported();
    const then = this.#any(depth);
    if (this.#take('word', 'if') === null) return then;
    const when = this.#any(depth);
    if (this.#take('word', 'else') === null) throw new Unsupported();
    return { type: 'choice', when, then, otherwise: this.#choice(depth + 1) };
  }

  #any(depth: number): Expression {
    let left = this.#every(depth);
    while (this.#take('word', 'or') !== null) left = { type: 'binary', sign: 'or', left, right: this.#every(depth) };
    return left;
  }

  #every(depth: number): Expression {
    let left = this.#negation(depth);
    while (this.#take('word', 'and') !== null)
      left = { type: 'binary', sign: 'and', left, right: this.#negation(depth) };
    return left;
  }

  #negation(depth: number): Expression {
    if (depth > depthMax) throw new Unsupported();
    if (this.#take('word', 'not') !== null) return { type: 'not', of: this.#negation(depth + 1) };
    return this.#comparison(depth);
  }

  #comparison(depth: number): Expression {
    const left = this.#sum(depth);
    if (this.#take('word', 'is') !== null) {
      const wanted = this.#take('word', 'not') === null;
      const test = this.#take('word', 'defined', 'none');
      if (test === null) throw new Unsupported();
      return { type: 'defined', of: left, wanted: test === 'defined' ? wanted : !wanted };
    }
    const sign = this.#take('sign', '==', '!=', '<=', '>=', '<', '>');
    return sign === null ? left : { type: 'binary', sign, left, right: this.#sum(depth) };
  }

  #sum(depth: number): Expression {
    let left = this.#product(depth);
    for (;;) {
      const sign = this.#take('sign', '+', '-', '~');
      if (sign === null) return left;
      left = { type: 'binary', sign, left, right: this.#product(depth) };
    }
  }

  #product(depth: number): Expression {
    let left = this.#filtered(depth);
    for (;;) {
      const sign = this.#take('sign', '*', '/', '//', '%');
      if (sign === null) return left;
      left = { type: 'binary', sign, left, right: this.#filtered(depth) };
    }
  }

  #filtered(depth: number): Expression {
    if (depth > depthMax) throw new Unsupported();
    if (this.#take('sign', '-') !== null) return { type: 'minus', of: this.#filtered(depth + 1) };
    let of = this.#primary(depth);
    while (this.#take('sign', '|') !== null) {
      const token = this.#tokens[this.#at++];
      const name = filterNames.find((one) => one === token?.value);
      if (token?.type !== 'word' || name === undefined) throw new Unsupported();
      of = { type: 'filter', of, name, args: this.#arguments(depth) };
    }
    return of;
  }

  #arguments(depth: number): Expression[] {
    const args: Expression[] = [];
    if (this.#take('sign', '(') === null) return args;
    while (this.#take('sign', ')') === null) {
      if (args.length > 0) this.#need(',');
      if (args.length >= 3) throw new Unsupported();
      // `float(default=0)`: the name of an argument says nothing that its place does not.
      args.push(this.#choice(depth + 1));
    }
    return args;
  }

  #primary(depth: number): Expression {
    let found = this.#atom(depth);
    for (;;) {
      if (this.#take('sign', '.') !== null) {
        const token = this.#tokens[this.#at++];
        if (token?.type !== 'word') throw new Unsupported();
        found = { type: 'member', of: found, key: token.value };
        // A method call, such as `.get(…)`, is outside of the subset.
        if (this.#tokens[this.#at]?.value === '(') throw new Unsupported();
      } else if (this.#take('sign', '[') !== null) {
        const token = this.#tokens[this.#at++];
        if (token?.type !== 'text' && token?.type !== 'number') throw new Unsupported();
        found = { type: 'member', of: found, key: token.value };
        this.#need(']');
      } else return found;
    }
  }

  #atom(depth: number): Expression {
    if (this.#take('sign', '(') !== null) {
      const inner = this.#choice(depth + 1);
      this.#need(')');
      return inner;
    }
    const token = this.#tokens[this.#at++];
    if (token === undefined || token.type === 'sign') throw new Unsupported();
    if (token.type !== 'word') return { type: 'literal', value: token.value };
    if (token.value === 'value') return { type: 'value' };
    if (token.value === 'value_json') return { type: 'json' };
    if (/^true$/i.test(token.value)) return { type: 'literal', value: true };
    if (/^false$/i.test(token.value)) return { type: 'literal', value: false };
    if (/^none$/i.test(token.value)) return { type: 'literal', value: null };
    throw new Unsupported();
  }
}

/** Undefined where something is asked for that the payload has not got, or where numbers are wanted and there are none. */
export function evaluate(what: Expression, scope: TemplateScope): Json | undefined {
  switch (what.type) {
    case 'literal':
      return what.value;
    case 'value':
      return scope.value;
    case 'json':
      return scope.json;
    case 'member': {
      const of = evaluate(what.of, scope);
      if (Array.isArray(of)) return typeof what.key === 'number' ? of[what.key] : undefined;
      return isObject(of) ? memberOf(of, String(what.key)) : undefined;
    }
    case 'filter':
      return applyFilter(
        what.name,
        evaluate(what.of, scope),
        what.args.map((arg) => evaluate(arg, scope)),
      );
    case 'not':
      return !isTruthy(evaluate(what.of, scope));
    case 'minus': {
      const value = toNumber(evaluate(what.of, scope));
      return value === undefined ? undefined : -value;
    }
    case 'defined': {
      const value = evaluate(what.of, scope);
      return (value !== undefined && value !== null) === what.wanted;
    }
    case 'choice':
      return evaluate(isTruthy(evaluate(what.when, scope)) ? what.then : what.otherwise, scope);
    case 'binary':
      return combine(what, scope);
  }
}

function isTruthy(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}

function toNumber(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'string' ? (readNumber(value) ?? undefined) : undefined;
}

function combine(what: Expression & { type: 'binary' }, scope: TemplateScope): Json | undefined {
  const left = evaluate(what.left, scope);
  if (what.sign === 'and') return isTruthy(left) ? evaluate(what.right, scope) : left;
  if (what.sign === 'or') return isTruthy(left) ? left : evaluate(what.right, scope);
  const right = evaluate(what.right, scope);
  if (what.sign === '==') return left === right;
  if (what.sign === '!=') return left !== right;
  if (what.sign === '~') return join(left, right);
  const a = toNumber(left);
  const b = toNumber(right);
  if (a === undefined || b === undefined) return undefined;
  const result = calculate(what.sign, a, b);
  return typeof result === 'number' && !Number.isFinite(result) ? undefined : result;
}

function join(left: Json | undefined, right: Json | undefined): string | undefined {
  if (left === undefined || right === undefined) return undefined;
  return `${String(left).slice(0, joinedCharsMax)}${String(right).slice(0, joinedCharsMax)}`.slice(0, joinedCharsMax);
}

function calculate(sign: string, a: number, b: number): number | boolean | undefined {
  if (sign === '+') return a + b;
  if (sign === '-') return a - b;
  if (sign === '*') return a * b;
  if (sign === '/') return a / b;
  if (sign === '//') return Math.floor(a / b);
  if (sign === '%') return a - b * Math.floor(a / b);
  if (sign === '<') return a < b;
  if (sign === '>') return a > b;
  if (sign === '<=') return a <= b;
  return sign === '>=' ? a >= b : undefined;
}

function applyFilter(name: FilterName, value: Json | undefined, args: readonly (Json | undefined)[]): Json | undefined {
  if (name === 'default')
    return value === undefined || (args[1] === true && !isTruthy(value)) ? (args[0] ?? '') : value;
  if (name === 'is_defined') return value;
  if (name === 'float') return toNumber(value) ?? args[0];
  if (name === 'int') {
    const number = toNumber(value);
    return number === undefined ? args[0] : Math.trunc(number);
  }
  if (value === undefined || value === null) return undefined;
  if (name === 'round' || name === 'abs') {
    const number = toNumber(value);
    if (number === undefined) return undefined;
    if (name === 'abs') return Math.abs(number);
    const digits = Math.min(12, Math.max(-12, Math.trunc(toNumber(args[0]) ?? 0)));
    const rounded = Number(`${Math.round(Number(`${number}e${digits}`))}e${-digits}`);
    return Number.isFinite(rounded) ? rounded : number;
  }
  if (name === 'bool') return typeof value === 'string' ? /^(true|yes|on|enable|1)$/i.test(value) : isTruthy(value);
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  if (name === 'lower') return text.toLowerCase();
  if (name === 'upper') return text.toUpperCase();
  if (name === 'title') return text.toLowerCase().replace(/\b\p{L}/gu, (letter) => letter.toUpperCase());
  return name === 'trim' ? text.trim() : text;
}
