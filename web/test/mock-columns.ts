/** The mock hub's history answers in columns of doubles, from the JSON form. No state. */

interface JsonAnswer {
  readonly series: readonly Record<string, unknown>[];
}

export function encodeAnswer(answer: object): Uint8Array<ArrayBuffer> {
  const doubles: number[] = [];
  const series = (answer as JsonAnswer).series.map((one) => {
    const facts: Record<string, unknown> = {};
    const columns: Record<string, readonly [number, number]> = {};
    for (const [name, value] of Object.entries(one)) {
      if (!Array.isArray(value) || name === 'texts') {
        facts[name] = value;
        continue;
      }
      columns[name] = [doubles.length, value.length];
      for (const number of value as (number | null)[]) doubles.push(number ?? Number.NaN);
    }
    return { ...facts, columns };
  });
  const json = JSON.stringify({ ...answer, series });
  const text = new TextEncoder().encode(json.padEnd(json.length + 7));
  const head = text.subarray(0, text.length - (text.length % 8));
  const bytes = new Uint8Array(8 + head.length + doubles.length * 8);
  bytes.set(new TextEncoder().encode('LWC1'));
  new DataView(bytes.buffer).setUint32(4, head.length, true);
  bytes.set(head, 8);
  bytes.set(new Uint8Array(Float64Array.from(doubles).buffer), 8 + head.length);
  return bytes;
}
