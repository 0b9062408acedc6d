/**
 * The part of Home Assistant's value templates that devices really send, read into a small tree once and then evaluated.
 *
 * `{{ value_json.a['b'][0] | float(0) | round(1) }}`, arithmetic, comparisons, `and or not`, `x if y else z`, `is defined`, and
 * `{% if %}…{% elif %}…{% else %}…{% endif %}`. Owns no state. *Invariant:* a template can reach nothing but the payload it is given, and
 * its cost is bounded by its length: there are no loops, no calls and no attributes but a payload's own members. What is outside
 * of this subset is refused when it is read, so that it can be told, and never half understood.
 */

import { type Json, parseJson } from './read-payload.ts';
import { evaluate } from './template-evaluation.ts';
import { type Expression, TemplateParser } from './template-expression.ts';

type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'say'; readonly what: Expression }
  | {
      readonly type: 'if';
      readonly branches: readonly { readonly when: Expression | null; readonly then: readonly Part[] }[];
    };

export interface ValueTemplate {
  readonly parts: readonly Part[];
}

const templateCharsMax = 2_048;
const nestingMax = 8;
const resultCharsMax = 4_096;

/** Null for what is outside of the subset. */
export function parseTemplate(text: string): ValueTemplate | null {
  if (text.length > templateCharsMax) return null;
  const pieces = text.split(/(\{\{-?[\s\S]*?-?\}\}|\{%-?[\s\S]*?-?%\})/).filter((piece) => piece !== '');
  const cursor = { at: 0 };
  const parts = parseParts(pieces, cursor, 0);
  return parts === null || cursor.at !== pieces.length ? null : { parts };
}

function parseParts(pieces: readonly string[], cursor: { at: number }, depth: number): Part[] | null {
  if (depth > nestingMax) return null;
  const parts: Part[] = [];
  for (; cursor.at < pieces.length; cursor.at++) {
    const piece = pieces[cursor.at]!;
    if (piece.startsWith('{{')) {
      const what = new TemplateParser(piece.replace(/^\{\{-?|-?\}\}$/g, '')).parseAll();
      if (what === null) return null;
      parts.push({ type: 'say', what });
    } else if (piece.startsWith('{%')) {
      const words = statementOf(piece);
      if (/^(elif\b|else$|endif$)/.test(words)) return parts;
      const found = words.startsWith('if ') ? parseIf(pieces, cursor, depth) : null;
      if (found === null) return null;
      parts.push(found);
    } else if (piece.includes('{#')) return null;
    else parts.push({ type: 'text', text: piece });
  }
  return parts;
}

function statementOf(piece: string): string {
  return piece.replace(/^\{%-?|-?%\}$/g, '').trim();
}

/** Begins at `{% if %}` and leaves the cursor on `{% endif %}`. */
function parseIf(pieces: readonly string[], cursor: { at: number }, depth: number): Part | null {
  const branches: { when: Expression | null; then: readonly Part[] }[] = [];
  for (;;) {
    const words = statementOf(pieces[cursor.at] ?? '');
    if (words === 'endif') return { type: 'if', branches };
    const condition = /^(?:if|elif)\s+([\s\S]+)$/.exec(words);
    const when = condition === null ? null : new TemplateParser(condition[1]!).parseAll();
    if (condition !== null ? when === null : words !== 'else') return null;
    cursor.at++;
    const then = parseParts(pieces, cursor, depth + 1);
    if (then === null || cursor.at >= pieces.length) return null;
    branches.push({ when, then });
  }
}

/**
 * What the template makes of a payload: a value as it is where the template is one expression, else text. Undefined where the payload
 * has not got what the template asks for, or is not JSON although it asks for some.
 */
export function renderTemplate(template: ValueTemplate, payload: string, json = parseJson(payload)): Json | undefined {
  const scope = { value: payload, json };
  const [only] = template.parts.filter((part) => part.type !== 'text' || part.text.trim() !== '');
  if (
    only?.type === 'say' &&
    template.parts.every((part) => part === only || (part.type === 'text' && part.text.trim() === ''))
  ) {
    return evaluate(only.what, scope);
  }
  const said = renderParts(template.parts, scope);
  return said === undefined ? undefined : said.trim().slice(0, resultCharsMax);
}

function renderParts(parts: readonly Part[], scope: { value: string; json: Json | undefined }): string | undefined {
  let said = '';
  for (const part of parts) {
    if (part.type === 'text') said += part.text;
    else if (part.type === 'say') {
      const value = evaluate(part.what, scope);
      if (value === undefined) return undefined;
      said += typeof value === 'object' ? JSON.stringify(value) : String(value);
    } else {
      const branch = part.branches.find(({ when }) => when === null || isTrue(evaluate(when, scope)));
      const text = branch === undefined ? '' : renderParts(branch.then, scope);
      if (text === undefined) return undefined;
      said += text;
    }
    if (said.length > resultCharsMax) return undefined;
  }
  return said;
}

function isTrue(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '';
}
