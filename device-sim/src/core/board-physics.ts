/**
 * The physics simulated boards share: load that comes in jobs, heat with inertia, throttling with hysteresis, radio that wanders.
 *
 * Each part owns its own state and is advanced by seconds; randomness is injected, so the same seed and the same steps give the
 * same values.
 */
import { drawBell, type Random } from './random.ts';

/** A value that wanders and is pulled back to `home` (Ornstein–Uhlenbeck), in `swing` standard deviations over `tauS`. */
export class Wander {
  value: number;
  private readonly home: number;
  private readonly swing: number;
  private readonly tauS: number;
  private readonly random: Random;

  constructor(random: Random, options: { home: number; swing: number; tauS: number }) {
    this.random = random;
    this.home = options.home;
    this.swing = options.swing;
    this.tauS = options.tauS;
    this.value = options.home + drawBell(random) * options.swing;
  }

  advance(seconds: number): number {
    const keep = Math.exp(-seconds / this.tauS);
    const kick = this.swing * Math.sqrt(1 - keep * keep);
    this.value = this.home + (this.value - this.home) * keep + drawBell(this.random) * kick;
    return this.value;
  }
}

/** CPU load 0…1: a low floor, and jobs of some seconds to some minutes at a high level. */
export class JobLoad {
  value = 0.05;
  private readonly random: Random;
  private readonly busyShare: number;
  private jobLeftS = 0;
  private jobLevel = 0;

  constructor(random: Random, busyShare: number) {
    this.random = random;
    this.busyShare = busyShare;
  }

  advance(seconds: number): number {
    const meanJobS = 40;
    if (this.jobLeftS > 0) this.jobLeftS -= seconds;
    else if (this.random() < (seconds / meanJobS) * (this.busyShare / (1 - this.busyShare))) {
      this.jobLeftS = -Math.log(1 - this.random()) * meanJobS;
      this.jobLevel = 0.5 + this.random() * 0.5;
    }
    const floor = 0.04 + this.random() * 0.03;
    const level = this.jobLeftS > 0 ? this.jobLevel + drawBell(this.random) * 0.04 : floor;
    this.value = Math.min(1, Math.max(0.01, level));
    return this.value;
  }
}

/** A chip on a heat sink: first-order towards ambient + power × resistance; throttles at 80 °C until it is below 76 °C. */
export class ThermalChip {
  celsius: number;
  throttled = false;
  private readonly kelvinPerWatt: number;
  private readonly tauS: number;

  constructor(options: { celsius: number; kelvinPerWatt: number; tauS: number }) {
    this.celsius = options.celsius;
    this.kelvinPerWatt = options.kelvinPerWatt;
    this.tauS = options.tauS;
  }

  advance(seconds: number, conditions: { ambientCelsius: number; load: number }): void {
    const effective = this.throttled ? conditions.load * 0.6 : conditions.load;
    const watts = 1.9 + effective * 5.2;
    const target = conditions.ambientCelsius + watts * this.kelvinPerWatt;
    this.celsius += (target - this.celsius) * (1 - Math.exp(-seconds / this.tauS));
    if (this.celsius >= 80) this.throttled = true;
    else if (this.celsius < 76) this.throttled = false;
  }
}

/** Room temperature over the day, warmest at 15:00 UTC. */
export function roomCelsius(clockMs: number, home: number): number {
  const day = (clockMs % 86_400_000) / 86_400_000;
  return home + 1.6 * Math.cos((day - 15 / 24) * 2 * Math.PI);
}
