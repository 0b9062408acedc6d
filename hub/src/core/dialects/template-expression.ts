/**
 * Expressions of value templates: from text to a tree.
 *
 * Owns no state. A recursive descent with bounded depth and size; what it does not know makes the whole expression null.
 */
import type { Json } from './read-payload.ts';

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
export type FilterName = (typeof filterNames)[number];
const depthMax = 24;
const tokensMax = 300;
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
