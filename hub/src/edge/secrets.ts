/**
 * Random tokens, their hashes, and passwords. The only file that calls node:crypto.
 *
 * Tokens are 256 random bits in base64url, kept as SHA-256: with that much entropy a slow hash would buy nothing.
 * Passwords are argon2id with OWASP's second setting (19 MiB, 2 passes, 1 lane), at most two at a time, so that a flood of
 * sign-ins costs bounded memory.
 */
import { argon2, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const argon2Async = promisify(argon2);
const argonMemoryKiB = 19_456;
const argonPasses = 2;
const argonAtOnceMax = 2;
const argonWaitingMax = 32;

/** The prefix says whose secret it is to whoever finds it, and keeps it from looking like an option: base64url may begin with "-". */
export function makeToken(): string {
  return `lw_${randomBytes(32).toString('base64url')}`;
}

/** Short public name of a key or token. */
export function makeId(): string {
  return randomBytes(6).toString('base64url');
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

/** Of an enrolment key that goes on being the secret of the device that came by it: good under that device's name only. */
export function hashLogin(deviceId: string, secret: string): string {
  return hashToken(`${deviceId}:${secret}`);
}

/** Constant time for equal lengths, and hashes always have one length. */
export function areHashesEqual(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}

let running = 0;
const waiting: (() => void)[] = [];

async function deriveKey(password: string, nonce: Buffer): Promise<Buffer> {
  if (waiting.length >= argonWaitingMax) throw new Error('too many sign-ins at once');
  if (running >= argonAtOnceMax) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    const parameters = {
      message: password,
      nonce,
      parallelism: 1,
      tagLength: 32,
      memory: argonMemoryKiB,
      passes: argonPasses,
    };
    return await argon2Async('argon2id', parameters);
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** `argon2id$m$t$salt$key`, salt and key in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const key = await deriveKey(password, nonce);
  return ['argon2id', argonMemoryKiB, argonPasses, nonce.toString('base64url'), key.toString('base64url')].join('$');
}

/** Takes the same time for an unknown user: pass '' as the stored hash. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const parts = stored.split('$');
  const nonce = parts.length === 5 ? Buffer.from(parts[3]!, 'base64url') : Buffer.alloc(16);
  const key = await deriveKey(password, nonce);
  return parts.length === 5 && areHashesEqual(key.toString('base64url'), parts[4]!);
}
