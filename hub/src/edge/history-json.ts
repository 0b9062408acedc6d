/**
 * A long history answer as JSON, a piece at a time: a million numbers take half a second to write, and the feed of viewers runs in
 * the same thread. Between two pieces everybody else has a turn. The text is what JSON.stringify would make of the whole. No state.
 */
import { setImmediate as yieldTurn } from 'node:timers/promises';

export interface JsonSeries {
  /** At least one field. */
  readonly facts: object;
  readonly columns: Readonly<Record<string, Float64Array>>;
  /** Null: said so; undefined: not mentioned. */
  readonly points: { readonly timesMs: Float64Array; readonly values: Float64Array } | null | undefined;
}

/** About half a millisecond of writing. */
const numbersPerPiece = 4096;

/** `facts`: at least one field. */
export async function* writeHistoryJson(
  facts: object,
  series: readonly JsonSeries[],
  signal: { readonly aborted: boolean },
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const text of listPieces(facts, series)) {
    if (signal.aborted) return;
    yield encoder.encode(text);
    await yieldTurn();
  }
}

function* listPieces(facts: object, series: readonly JsonSeries[]): Generator<string> {
  yield `${openObject(facts)},"series":[`;
  for (const [i, one] of series.entries()) {
    yield `${i === 0 ? '' : ','}${openObject(one.facts)}`;
    for (const [name, column] of Object.entries(one.columns)) yield* listNumbers(`,${JSON.stringify(name)}:`, column);
    if (one.points === null) yield ',"points":null';
    else if (one.points !== undefined) {
      yield* listNumbers(',"points":{"timesMs":', one.points.timesMs);
      yield* listNumbers(',"values":', one.points.values);
      yield '}';
    }
    yield '}';
  }
  yield ']}';
}

/** Without its closing brace. */
const openObject = (facts: object): string => JSON.stringify(facts).slice(0, -1);

/** JSON has no NaN: `stringify` makes null of it. */
function* listNumbers(before: string, column: Float64Array): Generator<string> {
  yield `${before}[`;
  for (let start = 0; start < column.length; start += numbersPerPiece) {
    const text = JSON.stringify(Array.from(column.subarray(start, start + numbersPerPiece))).slice(1, -1);
    yield start === 0 ? text : `,${text}`;
  }
  yield ']';
}
