/**
 * Device tokens by hub and device id, in one file with mode 0600.
 *
 * Owns that file's content while the program runs; writes it whole. Refuses to print a token.
 */
import { join } from 'node:path';
import { makeStateDirectory, readStateFile, writeStateFile } from './state-directory.ts';

export class TokenFile {
  private readonly path: string;
  private readonly hubs = new Map<string, Map<string, string>>();
  private changed = false;

  constructor(directory: string) {
    makeStateDirectory(directory);
    this.path = join(directory, 'tokens.json');
    this.merge(readStateFile(this.path));
    this.changed = false;
  }

  find(hub: string, deviceId: string): string | undefined {
    return this.hubs.get(hub)?.get(deviceId);
  }

  /** The device's token at whatever address; '' for none. */
  findAnywhere(deviceId: string): string {
    return [...this.hubs.values()].map((tokens) => tokens.get(deviceId)).find((token) => token !== undefined) ?? '';
  }

  keep(hub: string, deviceId: string, token: string): void {
    let tokens = this.hubs.get(hub);
    if (tokens === undefined) {
      tokens = new Map();
      this.hubs.set(hub, tokens);
    }
    tokens.set(deviceId, token);
    this.changed = true;
  }

  /** Many enrolments, one write. */
  save(): void {
    if (!this.changed) return;
    // Another run may have enrolled devices meanwhile; its tokens stay.
    this.merge(readStateFile(this.path));
    const plain: Record<string, Record<string, string>> = {};
    for (const [hub, tokens] of this.hubs) plain[hub] = Object.fromEntries(tokens);
    writeStateFile(this.path, plain);
    this.changed = false;
  }

  private merge(read: unknown): void {
    if (typeof read !== 'object' || read === null) return;
    for (const [hub, tokens] of Object.entries(read)) {
      if (typeof tokens !== 'object' || tokens === null) continue;
      for (const [deviceId, token] of Object.entries(tokens)) {
        if (typeof token === 'string' && this.find(hub, deviceId) === undefined) this.keep(hub, deviceId, token);
      }
    }
  }
}
