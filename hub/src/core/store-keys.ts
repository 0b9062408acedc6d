/**
 * How this hub names a device and a stream: small numbers that only the roster hands out, and that are never reused. Types only.
 */
declare const brand: unique symbol;
export type DeviceKey = number & { readonly [brand]: 'device' };
export type StreamKey = number & { readonly [brand]: 'stream' };
