/**
 * How this hub names a device and a stream: small numbers that only the roster hands out, and that are never reused;
 * and the epoch of what has none of its own. No state.
 */
declare const brand: unique symbol;
export type DeviceKey = number & { readonly [brand]: 'device' };
export type StreamKey = number & { readonly [brand]: 'stream' };

/** One stream of a device for all that it says in foreign tongues: the same over restarts, so that its numbers go on. */
export const foreignEpoch = 0x6c_77_66_31;
