/**
 * The writer's answers to readers: copies of the head rows they ask for. Changes nothing; a copy is bounded by what heads may hold.
 */
import type { Heads } from './head-book.ts';
import type { HeadColumn, StreamHead } from './heads.ts';
import { factsOf } from './sealer.ts';
import { findInstant } from './state-at-track.ts';
import type { HeadAnswer, HeadFacts, HeadRequest, HeadRows } from './worker-messages.ts';

export function answerHeadRequest(heads: Heads, request: HeadRequest): HeadAnswer {
  const wanted = new Set(request.metrics);
  const streams: { committedSeq: number; columns: HeadRows[]; head?: HeadFacts }[] = [];
  for (const { key, sealedSeq, isApart } of request.streams) {
    const head = heads.get(key);
    // A stream in the reader's snapshot but not here cannot be: changes reach memory before the file.
    if (head === undefined || head.sealedSeq !== sealedSeq || head.isApart !== (isApart === 1)) return { moved: true };
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
  if (request.newestAt !== undefined) return copyNewest(head, from, request.newestAt);
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

/** The newest reading between each of the instants and the one before it: a bounded answer whatever the head holds. */
function copyNewest(head: StreamHead, from: { metric: number; column: HeadColumn }, instants: Float64Array): HeadRows {
  const { metric, column } = from;
  const newest = new Int32Array(instants.length).fill(-1);
  const timeOf = (i: number) => head.times[column.rowOf === null ? i : column.rowOf[i]!]!;
  for (let i = 0; i < column.count; i++) {
    const time = timeOf(i);
    if (time > instants.at(-1)!) continue;
    const k = findInstant(instants, time);
    if (newest[k]! < 0 || time >= timeOf(newest[k]!)) newest[k] = i;
  }
  const picked = [...newest].filter((i) => i >= 0);
  return {
    metric,
    times: Float64Array.from(picked, timeOf),
    arrivals: Float64Array.from(picked, (i) => head.arrivals[column.rowOf === null ? i : column.rowOf[i]!]!),
    values: column.isText ? picked.map((i) => column.texts[i]!) : Float64Array.from(picked, (i) => column.numbers[i]!),
  };
}
