/**
 * The commands and settings every simulated device and the host agent know.
 *
 * Owns nothing. Parses foreign JSON and says what is wrong with it; refuses unknown commands by naming the known ones.
 */
export type DeviceOrder =
  | { readonly order: 'identify' }
  | { readonly order: 'set-interval'; readonly intervalMs: number }
  | { readonly order: 'restart' }
  | { readonly order: 'wrong'; readonly text: string };

export const intervalMsMin = 50;
export const intervalMsMax = 3_600_000;
const known = 'identify, set-interval {"intervalMs": n}, restart';

export function parseOrder(name: string, args: string): DeviceOrder {
  switch (name) {
    case 'identify':
      return { order: 'identify' };
    case 'restart':
      return { order: 'restart' };
    case 'set-interval': {
      const intervalMs = readInterval(args);
      if (intervalMs !== null) return { order: 'set-interval', intervalMs };
      return { order: 'wrong', text: `intervalMs must be a number from ${intervalMsMin} to ${intervalMsMax}` };
    }
    default:
      return { order: 'wrong', text: `unknown command: this device knows ${known}` };
  }
}

/** What of a desired state this device can do; null: no interval in it. */
export function readInterval(json: string): number | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null || !('intervalMs' in parsed)) return null;
  const { intervalMs } = parsed;
  if (typeof intervalMs !== 'number' || !(intervalMs >= intervalMsMin && intervalMs <= intervalMsMax)) return null;
  return intervalMs;
}
