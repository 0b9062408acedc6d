/** The language that devices, hub and viewers share. The only index file of the repository. */
export * from './faults.ts';
export * from './limits.ts';
export * from './messages.ts';
