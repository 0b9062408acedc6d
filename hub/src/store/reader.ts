/**
 * A reader thread: answers one query at a time on a read-only connection, so that no query delays intake.
 *
 * Gives way to the threads that live data goes through: on one core a month that is decoded would hold a frame up for slices of 4 ms.
 * Owns its connection and its channel to the writer. Refuses nothing but queries over the bounds; every failure is an answer.
 */
import { isMainThread, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { StoredEvent, StoredGap } from '../core/ports.ts';
import { stepBack } from './background-thread.ts';
import { answerCompleteness, answerFleet } from './completeness-query.ts';
import { answerHistory } from './history-query.ts';
import { answerReadings } from './readings-query.ts';
import { previewRetention } from './retention-preview.ts';
import { readPolicy } from './retention-sweep.ts';
import { Snapshots } from './snapshot.ts';
import { codeOf, damageAdvice, isDamage } from './sqlite.ts';
import { answerFleetAt } from './state-at.ts';
import type { Answer, FromReader, Question, ReaderOptions, ToReader } from './worker-messages.ts';

const eventsMax = 10_000;

async function answer(snapshots: Snapshots, question: Question): Promise<Answer> {
  switch (question.kind) {
    case 'history':
      return withDamage(snapshots, await answerHistory(snapshots, question.query));
    case 'readings':
      return withDamage(snapshots, await answerReadings(snapshots, question.query));
    case 'events':
      return readEvents(snapshots, question.device, question.limit);
    case 'retention':
      return readPolicy(snapshots.connection);
    case 'retentionPreview':
      return previewRetention(snapshots, question);
    case 'completeness':
      return withDamage(snapshots, await answerCompleteness(snapshots, question.query));
    case 'fleetCompleteness':
      return answerFleet(snapshots, question.query);
    case 'fleetAt':
      return withDamage(snapshots, await answerFleetAt(snapshots, question.query));
    case 'gaps':
      return readGaps(snapshots, question.device);
  }
}

/** Columns that were left out because they do not match their checksum: said with the answer, for it may lack readings. */
function withDamage<T>({ damaged }: Snapshots, found: T): T {
  return damaged.size === 0 ? found : { ...found, damaged: damaged.size };
}

function readEvents(snapshots: Snapshots, device: number, limit: number): readonly StoredEvent[] {
  return snapshots.connection
    .prepare(
      `SELECT at_ms AS atMs, arrived_ms AS arrivedMs, level, code, text FROM events WHERE device = ?
       ORDER BY at_ms DESC, arrived_ms DESC, stream DESC, seq DESC LIMIT ?`,
    )
    .all(device, Math.max(0, Math.min(limit, eventsMax))) as StoredEvent[];
}

function readGaps(snapshots: Snapshots, device: number): readonly StoredGap[] {
  return snapshots.connection
    .prepare(
      `SELECT g.stream, from_seq AS fromSeq, to_seq AS toSeq, reason, from_ms AS fromMs, to_ms AS toMs, readings
       FROM gaps g JOIN streams s ON s.key = g.stream WHERE s.device = ? ORDER BY g.stream, from_seq`,
    )
    .all(device) as StoredGap[];
}

/** Columns are handed over, not copied: they were made for this answer alone, each with a buffer of its own or a shared one. */
function listBuffers(message: FromReader): ArrayBuffer[] {
  if (message.kind !== 'answer') return [];
  const buffers = new Set<ArrayBuffer>();
  const add = (value: unknown) => {
    if (value instanceof Float64Array && value.buffer instanceof ArrayBuffer) buffers.add(value.buffer);
  };
  const { answer } = message;
  for (const value of Object.values(answer)) add(value);
  if ('series' in answer) {
    for (const one of answer.series) {
      for (const value of Object.values({ ...one, ...one.points })) add(value);
    }
  }
  return [...buffers];
}

/** Across threads an error keeps its message alone. */
function explain(error: Error): Error {
  return isDamage(codeOf(error)) ? new Error(`${error.message}. ${damageAdvice}`) : error;
}

function startReader(port: MessagePort): void {
  stepBack();
  const say = (message: FromReader) => port.postMessage(message, listBuffers(message));
  // Opened with the first question: the thread starts while the writer still makes or replays the database.
  let snapshots: Snapshots | null = null;
  // One at a time: a close that comes during a query waits for its end (the query is aborted by then).
  let last: Promise<void> = Promise.resolve();
  const serve = async (message: ToReader) => {
    if (message.kind === 'close') {
      snapshots?.close();
      port.close();
      return;
    }
    try {
      snapshots ??= new Snapshots(workerData as ReaderOptions);
      say({ kind: 'answer', answer: await answer(snapshots, message.question) });
    } catch (error) {
      say({ kind: 'failed', error: explain(error as Error) });
    }
  };
  port.on('message', (message: ToReader) => {
    last = last.then(() => serve(message));
  });
}

if (!isMainThread && parentPort !== null) startReader(parentPort);
