/**
 * Expressions of value templates: from a tree and a payload to a value.
 *
 * Owns no state. Everything is bounded by the size of the tree; nothing is called and nothing outside of the payload is reached.
 */
import { isObject, type Json, memberOf, readNumber } from './read-payload.ts';
import type { Expression, FilterName } from './template-expression.ts';

export interface TemplateScope {
  readonly value: string;
  readonly json: Json | undefined;
}

/** So that `value ~ value ~ …` stays small. */
const joinedCharsMax = 4_096;

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
