/**
 * Tokens for many devices: from the state directory, else by enrolling, a bounded number at a time.
 *
 * Owns which devices were enrolled anew in this run: each at most once. Refuses to start without a key when one is needed.
 */
import { enrolDevice, type HubAddress } from './enrolment.ts';
import { TokenFile } from './token-file.ts';

export interface TokenDeskOptions {
  readonly hub: HubAddress;
  /** '' for none. */
  readonly key: string;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly enrolmentOnWait?: (text: string) => void;
}

const enrolmentsAtOnce = 16;

export class TokenDesk {
  private readonly options: TokenDeskOptions;
  private readonly file: TokenFile;
  private readonly renewed = new Set<string>();
  private told = '';

  constructor(options: TokenDeskOptions) {
    this.options = options;
    this.file = new TokenFile(options.directory);
  }

  async collect(deviceIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { hub, key } = this.options;
    const tokens = new Map<string, string>();
    const missing: string[] = [];
    for (const deviceId of deviceIds) {
      const known = this.file.find(hub.httpUrl, deviceId);
      if (known === undefined) missing.push(deviceId);
      else tokens.set(deviceId, known);
    }
    if (missing.length > 0 && key === '') throw new Error(explainMissingKey(missing));
    const enrolNext = async (): Promise<void> => {
      for (let deviceId = missing.pop(); deviceId !== undefined; deviceId = missing.pop()) {
        tokens.set(deviceId, await this.enrol(deviceId));
      }
    };
    try {
      await Promise.all(Array.from({ length: enrolmentsAtOnce }, enrolNext));
    } finally {
      this.file.save();
    }
    return tokens;
  }

  /** For a token that the hub does not know: one kept from another hub at this address. Null: not again, or no key. */
  renew(deviceId: string): Promise<string> | null {
    if (this.options.key === '' || this.renewed.has(deviceId)) return null;
    this.renewed.add(deviceId);
    return this.enrol(deviceId);
  }

  save(): void {
    this.file.save();
  }

  private async enrol(deviceId: string): Promise<string> {
    // Many wait for the same reason at once: one says so.
    const enrolmentOnWait = (text: string): void => {
      if (text !== this.told) this.options.enrolmentOnWait?.(text);
      this.told = text;
    };
    const token = await enrolDevice({ ...this.options, deviceId, enrolmentOnWait });
    this.file.keep(this.options.hub.httpUrl, deviceId, token);
    return token;
  }
}

function explainMissingKey(missing: readonly string[]): string {
  return (
    `no token for ${missing.length === 1 ? missing[0] : `${missing.length} devices`}: give the enrolment key that the hub ` +
    'printed at its first start, with --key KEY or in LAPWING_ENROLMENT_KEY'
  );
}
