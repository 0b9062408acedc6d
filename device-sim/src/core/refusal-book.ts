/**
 * Which simulated devices a broker does not take, and why: each reason once as it comes, and the whole at the end.
 *
 * Owns the last reason of each device that has one; a device that got in again has none. Bounded by the number of devices.
 */

export interface Refusal {
  readonly reason: string;
  /** What to do about it, '' where that is not known. */
  readonly advice: string;
  readonly count: number;
  /** The first few. */
  readonly devices: readonly string[];
}

const namedMax = 5;
const advices: readonly { readonly reason: RegExp; readonly advice: string }[] = [
  {
    reason: /not authorized|bad user ?name or password/i,
    advice:
      "--password takes the device's own token, or an enrolment key with uses left (npx lapwing enrolment-key); the hub's log says what it missed",
  },
  { reason: /identifier rejected/i, advice: 'the broker does not take this client identifier; its log says why' },
  { reason: /ECONNREFUSED/, advice: 'nothing listens there: start the hub, or name it with --url' },
  { reason: /ENOTFOUND|EAI_AGAIN/, advice: 'there is no machine of that name; see --url' },
  {
    reason: /connack timeout|ETIMEDOUT/i,
    advice: 'whoever listens there does not answer as an MQTT broker; see --url',
  },
  { reason: /ended the connection/, advice: "the broker's log says why: a topic that is another device's, or a bound" },
];

export class RefusalBook {
  private readonly reasonOf = new Map<string, string>();
  private readonly told = new Set<string>();

  /** True: nobody had this reason before. */
  note(device: string, error: string): boolean {
    const reason = error === '' ? 'cannot connect' : error;
    this.reasonOf.set(device, reason);
    // A thousand devices have the same reason, and a broker might put anything into it.
    if (this.told.has(reason) || this.told.size >= 20) return false;
    this.told.add(reason);
    return true;
  }

  /** It is connected now. */
  forget(device: string): void {
    this.reasonOf.delete(device);
  }

  /** The reason of most devices first. */
  list(): Refusal[] {
    const byReason = new Map<string, string[]>();
    for (const [device, reason] of this.reasonOf) {
      const devices = byReason.get(reason);
      if (devices === undefined) byReason.set(reason, [device]);
      else devices.push(device);
    }
    return Array.from(byReason, ([reason, devices]) => ({
      reason,
      advice: adviseOn(reason),
      count: devices.length,
      devices: devices.slice(0, namedMax),
    })).sort((a, b) => b.count - a.count);
  }
}

/** "3 devices (a, b, c): reason; advice". */
export function describeRefusal({ reason, advice, count, devices }: Refusal): string {
  const more = count > devices.length ? ', …' : '';
  const who = count === 1 ? devices[0] : `${count} devices (${devices.join(', ')}${more})`;
  return `${who}: ${reason}${advice === '' ? '' : `; ${advice}`}`;
}

function adviseOn(reason: string): string {
  return advices.find((one) => one.reason.test(reason))?.advice ?? '';
}
