/**
 * Deterministic randomness: the same seed gives the same fleet on every machine and every Node.
 *
 * Owns no module state; each generator is its own closure. Not for secrets. sfc32 (Chris Doty-Humphrey, PractRand), seeded
 * through splitmix32 so that neighbouring seeds have nothing in common.
 */

/** Uniform in [0, 1). */
export type Random = () => number;

export function createRandom(seed: number): Random {
  let mix = (seed ^ Math.floor(seed / 0x1_0000_0000)) | 0;
  const draw = (): number => {
    mix = (mix + 0x9e3779b9) | 0;
    let word = Math.imul(mix ^ (mix >>> 16), 0x21f0aaad);
    word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
    return word ^ (word >>> 15);
  };
  let a = draw();
  let b = draw();
  let c = draw();
  let counter = 1;
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 0x1_0000_0000;
  };
}

/** A new name for numbers that start again at 1 (SPEC SE-5). */
export function drawEpoch(random: Random): number {
  return 1 + Math.floor(random() * (Number.MAX_SAFE_INTEGER - 1));
}

/** Standard normal, near enough for a model: twelve uniforms would be Irwin–Hall; three already look right on a chart. */
export function drawBell(random: Random): number {
  return (random() + random() + random() - 1.5) * 2;
}
