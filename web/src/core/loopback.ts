/** Addresses by which nobody else reaches the hub. No state. */

/** True when the page was opened at an address that only the hub's own machine has. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127\./.test(hostname);
}
