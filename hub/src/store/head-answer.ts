/**
 * The writer's answers to readers: copies of the head rows they ask for. Changes nothing; a copy is bounded by what heads may hold.
 */
import type { Heads } from './head-book.ts';
import type { HeadColumn, StreamHead } from './heads.ts';
import { factsOf } from './sealer.ts';
import type { HeadAnswer, HeadFacts, HeadRequest, HeadRows } from './worker-messages.ts';

export function answerHeadRequest(heads: Heads, request: HeadRequest): HeadAnswer {
  const wanted = new Set(request.metrics);
  const streams: { committedSeq: number; columns: HeadRows[]; head?: HeadFacts }[] = [];
  for (const { key, sealedSeq } of request.streams) {
    const head = heads.get(key);
    // A stream in the reader's snapshot but not here cannot be: changes reach memory before the file.
    if (head === undefined || head.sealedSeq !== sealedSeq) return { moved: true };
    const columns: HeadRows[] = [];
    if (head.rows > 0) {
      for (const { metric, column } of head.columns()) {
        if (wanted.has(metric)) columns.push(copyRows(head, { metric, column }, request));
      }
    }
    const facts = request.facts === true && head.rows > 0 ? { head: tellFacts(head, request) } : {};
    streams.push({ committedSeq: head.committedSeq, columns, ...facts });
  }
  return { moved: false, streams };
}

function tellFacts(head: StreamHead, { fromMs, toMs }: HeadRequest): HeadFacts {
  let inside = 0;
  for (let row = 0; row < head.rows; row++) if (head.times[row]! >= fromMs && head.times[row]! < toMs) inside++;
  return { facts: factsOf(head), rows: head.rows, share: inside / head.rows };
}

function copyRows(head: StreamHead, from: { metric: number; column: HeadColumn }, request: HeadRequest): HeadRows {
  const { metric, column } = from;
  const { fromMs, toMs } = request;
  const times = new Float64Array(column.count);
  const arrivals = new Float64Array(column.count);
  const numbers = column.isText ? null : new Float64Array(column.count);
  const texts: string[] = [];
  let count = 0;
  for (let i = 0; i < column.count; i++) {
    const row = column.rowOf === null ? i : column.rowOf[i]!;
    const time = head.times[row]!;
    if (time < fromMs || time >= toMs) continue;
    times[count] = time;
    arrivals[count] = head.arrivals[row]!;
    if (numbers === null) texts.push(column.texts[i]!);
    else numbers[count] = column.numbers[i]!;
    count++;
  }
  return {
    metric,
    times: times.slice(0, count),
    arrivals: arrivals.slice(0, count),
    values: numbers === null ? texts : numbers.slice(0, count),
  };
}
