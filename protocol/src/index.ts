/** The language that devices, hub and viewers share. The only index file of the repository. */
export * from './batch-scratch.ts';
export * from './decode-message.ts';
export * from './encode-message.ts';
export * from './faults.ts';
export * from './limits.ts';
export * from './message-codes.ts';
export * from './messages.ts';
export * from './number-column.ts';
export * from './peek-frame.ts';
export * from './read-batch.ts';
