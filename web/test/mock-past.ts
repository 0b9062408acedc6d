/**
 * The mock hub's past: every metric of every device has a reading in each second, and its value is made from that second, so that a
 * test knows what any instant must show. One device in ten was offline in every even minute. No state.
 */
import type { MockDevice } from './mock-fleet.ts';

/** Of metric 0, which the tests look at: seconds of the last eleven days. */
export function pastValue(timeMs: number, metric: number): number {
  return (Math.floor(timeMs / 1000) % 1_000_000) + metric / 10;
}
export function pastPresence(place: number, atMs: number): 'online' | 'offline' {
  return place % 10 === 3 && Math.floor(atMs / 60_000) % 2 === 0 ? 'offline' : 'online';
}

/** In columns, as the hub's history-columns.ts lays them out. */
export function answerFleetAt(devices: readonly MockDevice[], query: URLSearchParams): Uint8Array {
  const fromMs = Number(query.get('time'));
  const steps = Number(query.get('steps') ?? 0);
  const stepMs = Number(query.get('step') ?? 1000);
  const ids = query.get('device')?.split(',');
  const asked = ids === undefined ? devices : devices.filter(({ id }) => ids.includes(id));
  const rows: number[][] = [[], [], [], []];
  const instants = Array.from({ length: steps + 1 }, (_, k) => {
    const atMs = fromMs + k * stepMs;
    const presence: [number, string][] = [];
    asked.forEach((device, place) => {
      const state = pastPresence(devices.indexOf(device), atMs);
      if (k === 0 || pastPresence(devices.indexOf(device), atMs - stepMs) !== state) presence.push([place, state]);
      if (state === 'offline' && k > 0) return;
      device.metrics.forEach(({ kind }, metric) => {
        if (kind === 'text') return;
        const timeMs = Math.floor(atMs / 1000) * 1000;
        rows[0]!.push(place);
        rows[1]!.push(metric);
        rows[2]!.push(timeMs);
        rows[3]!.push(pastValue(timeMs, metric));
      });
    });
    return { atMs, rowEnd: rows[0]!.length, presence };
  });
  const names = ['device', 'metric', 'timeMs', 'value'];
  const count = rows[0]!.length;
  const columns = Object.fromEntries(names.map((name, i) => [name, [i * count, count]]));
  const head = { devices: asked.map(({ id }) => id), instants, texts: {}, series: [{ columns }] };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const headBytes = text.length + ((8 - (text.length % 8)) % 8);
  const bytes = new Uint8Array(8 + headBytes + 32 * count).fill(0x20);
  bytes.set(new TextEncoder().encode('LWC1'));
  new DataView(bytes.buffer).setUint32(4, headBytes, true);
  bytes.set(text, 8);
  new Float64Array(bytes.buffer, 8 + headBytes, 4 * count).set(rows.flat());
  return bytes;
}
