/**
 * The same question to each store, over one kept-alive connection: a range of one metric in equal buckets, with least, greatest and
 * mean of each, in the form that its own page asks for: columns of doubles from the hub, JSON from the others. Owns the agent. It
 * says what came as means, so that answers can be compared.
 */
import { Agent, request } from 'node:http';

export interface HistoryQuestion {
  readonly device: string;
  /** Index in the hub, name `m0` elsewhere. */
  readonly metric: number;
  readonly fromMs: number;
  readonly bucketMs: number;
  readonly buckets: number;
}

export interface HistoryAnswer {
  /** First byte sent to last byte received. */
  readonly ms: number;
  readonly body: Buffer;
}

export type AskHistory = (question: HistoryQuestion) => Promise<HistoryAnswer>;

const agent = new Agent({ keepAlive: true });
const askMsMax = 60_000;
const columnsType = 'application/vnd.lapwing.columns';

export function askHub(url: string, cookie: string, align: 'grid' | 'exact' = 'exact'): AskHistory {
  return ({ device, metric, fromMs, bucketMs, buckets }) => {
    const to = fromMs + bucketMs * buckets;
    const range = `from=${fromMs}&to=${to}&buckets=${buckets}&align=${align}`;
    return ask(`${url}/api/v1/history?device=${device}&metrics=${metric}&${range}`, { cookie, accept: columnsType });
  };
}

export function askInfluxHistory(url: string): AskHistory {
  return ({ device, metric, fromMs, bucketMs, buckets }) => {
    const range = `time >= ${fromMs}ms AND time < ${fromMs + bucketMs * buckets}ms`;
    const every = `GROUP BY time(${bucketMs}ms, ${fromMs % bucketMs}ms)`;
    const q = `SELECT min(m${metric}), max(m${metric}), mean(m${metric}) FROM r WHERE dev='${device}' AND ${range} ${every}`;
    return ask(`${url}/query?db=bench&epoch=ms&q=${encodeURIComponent(q)}`, {});
  };
}

/** A window there ends at its point and includes it: the last millisecond of a bucket. */
export function askVictoriaHistory(url: string): AskHistory {
  return ({ device, metric, fromMs, bucketMs, buckets }) => {
    const query = encodeURIComponent(`rollup(r_m${metric}{dev="${device}"}[${bucketMs}ms])`);
    const start = (fromMs + bucketMs - 1) / 1000;
    const end = (fromMs + bucketMs * buckets - 1) / 1000;
    const range = `start=${start}&end=${end}&step=${bucketMs / 1000}&nocache=1`;
    return ask(`${url}/api/v1/query_range?query=${query}&${range}`, {});
  };
}

function ask(url: string, headers: Record<string, string>): Promise<HistoryAnswer> {
  const startMs = performance.now();
  return new Promise((fulfil, reject) => {
    const asked = request(url, { agent, headers, timeout: askMsMax }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const ms = performance.now() - startMs;
        const body = Buffer.concat(chunks);
        if (answer.statusCode === 200) fulfil({ ms, body });
        else reject(new Error(`${url}: ${answer.statusCode} ${body.toString('utf8', 0, 300)}`));
      });
    });
    asked.on('timeout', () => asked.destroy(new Error(`${url}: no answer in ${askMsMax} ms`)));
    asked.on('error', reject);
    asked.end();
  });
}

/** Mean of each bucket that has one, in order. */
export function readMeans(store: 'hub' | 'influxdb' | 'victoria-metrics', body: Buffer): number[] {
  if (store === 'hub') return readColumn(body, 'mean').filter((mean) => !Number.isNaN(mean));
  const answer = JSON.parse(body.toString());
  if (store === 'influxdb') return answer.results[0].series[0].values.map((row: number[]) => row[3]);
  const series = answer.data.result.find((one: { metric: { rollup: string } }) => one.metric.rollup === 'avg');
  return series.values.map((pair: [number, string]) => Number(pair[1]));
}

/** A column of the first series; the layout is that of the hub's edge/history-columns.ts. */
function readColumn(body: Buffer, name: string): number[] {
  const start = 8 + body.readUInt32LE(4);
  const head = JSON.parse(body.toString('utf8', 8, start));
  const [first, length] = head.series[0].columns[name] as [number, number];
  return Array.from({ length }, (_, i) => body.readDoubleLE(start + (first + i) * 8));
}
