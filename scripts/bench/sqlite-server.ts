/**
 * What one would write by hand: the same frames in, a row per reading in SQLite, one transaction for whatever has come, fsynced
 * before the Ack. Owns its database. Run as a process of its own: `sqlite-server.ts FILE`; it ends when its parent does.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BatchScratch, decodeMessage, encodeMessage, limits, readBatch } from '@lapwing/protocol';
import Database from 'better-sqlite3';
import { type WebSocket, WebSocketServer } from 'ws';

interface Sender {
  readonly socket: WebSocket;
  readonly device: number;
  ackSeq: number;
}

/** As many frames as the hub takes in one group, or so. */
const framesPerCommit = 500;
const database = new Database(process.argv[2]!);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec(`
  CREATE TABLE devices(key INTEGER PRIMARY KEY, id TEXT UNIQUE);
  CREATE TABLE metrics(device INTEGER, metric INTEGER, name TEXT, PRIMARY KEY(device, metric)) WITHOUT ROWID;
  CREATE TABLE readings(device INTEGER, metric INTEGER, time_ms INTEGER, value, PRIMARY KEY(device, metric, time_ms)) WITHOUT ROWID;`);
const insertDevice = database.prepare('INSERT INTO devices(id) VALUES(?)');
const insertMetric = database.prepare('INSERT INTO metrics VALUES(?, ?, ?)');
const insertReading = database.prepare('INSERT OR REPLACE INTO readings VALUES(?, ?, ?, ?)');

const scratch = new BatchScratch();
const waiting: { sender: Sender; frame: Buffer }[] = [];
let isScheduled = false;

function storeFrame({ sender, frame }: { sender: Sender; frame: Buffer }): void {
  if (readBatch(frame, scratch) !== null) throw new Error('a frame cannot be read');
  const { rows, columns, times, metrics, values, texts, encodings, presentAll, present } = scratch;
  for (let c = 0; c < columns; c++) {
    for (let r = 0; r < rows; r++) {
      const cell = c * rows + r;
      if (presentAll[c] === 0 && present[cell] === 0) continue;
      insertReading.run(sender.device, metrics[c], times[r], encodings[c] === 4 ? texts[cell] : values[cell]);
    }
  }
  sender.ackSeq = scratch.seq;
}

const storeFrames = database.transaction((frames: typeof waiting) => {
  for (const frame of frames) storeFrame(frame);
});

function commit(): void {
  isScheduled = false;
  const frames = waiting.splice(0, framesPerCommit);
  storeFrames(frames);
  for (const sender of new Set(frames.map((frame) => frame.sender))) {
    sender.socket.send(encodeMessage({ type: 'ack', seq: sender.ackSeq }));
  }
  if (waiting.length > 0) schedule();
}

function schedule(): void {
  if (!isScheduled) setImmediate(commit);
  isScheduled = true;
}

function greet(socket: WebSocket, frame: Buffer): Sender {
  const decoded = decodeMessage(frame, 'device');
  if (!decoded.ok || decoded.message.type !== 'hello') throw new Error('Hello was expected');
  const device = Number(insertDevice.run(decoded.message.deviceId).lastInsertRowid);
  decoded.message.metrics.forEach(({ name }, metric) => void insertMetric.run(device, metric, name));
  const { frameBytesMax, batchRowsMax, metricsMax } = limits;
  const told = { ackIntervalMs: 0, heartbeatMs: 60_000, frameBytesMax, batchRowsMax, metricsMax, inFlightMax: 512 };
  socket.send(encodeMessage({ type: 'welcome', version: 1, serverMs: Date.now(), committedSeq: 0, ...told }));
  return { socket, device, ackSeq: 0 };
}

const http = createServer();
const server = new WebSocketServer({ server: http, perMessageDeflate: false, skipUTF8Validation: true });
server.on('connection', (socket) => {
  let sender: Sender | null = null;
  socket.on('message', (frame: Buffer) => {
    if (sender === null) sender = greet(socket, frame);
    else if (frame[0] === 0x03) {
      waiting.push({ sender, frame });
      schedule();
    }
  });
});
http.listen(0, '127.0.0.1', () => {
  process.send?.({ type: 'ready', url: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
});
process.on('SIGTERM', () => {
  database.close();
  process.exit(0);
});
process.on('disconnect', () => process.exit(0));
