import type { Clock } from "../clock.ts";
import type { ClusterAccess, Credentials } from "./config.ts";
import { CREDENTIALS } from "./failures.ts";

/** Where tokens may have changed: KubeConfig itself decides when a file or a plugin is really asked again. */
const FRESH_MS = 10_000;
/** Credentials that are refused are read anew at most this often: plugins cost something, and every retry would run them. */
const RENEW_EVERY_MS = 1_000;

/** What requests are signed with: read again now and then, and from the ground up once the API server refuses it. */
export class CredentialKeeper {
  readonly #access: ClusterAccess;
  readonly #clock: Clock;
  #held: { atMs: number; value: Promise<Credentials> } | null = null;
  /** What was given out last; a refusal of anything older says nothing new. */
  #given: Credentials | null = null;
  #isRefused = false;
  #renewedMs = Number.NEGATIVE_INFINITY;

  constructor(access: ClusterAccess, clock: Clock) {
    this.#access = access;
    this.#clock = clock;
  }

  /** The credentials of this moment. Rejects with code `Credentials` where they can't be read, or when `signal` aborts. */
  async current(signal: AbortSignal): Promise<Credentials> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#held === null || this.isRenewing || nowMs - this.#held.atMs > FRESH_MS) this.#read(nowMs);
    const { value } = this.#held ?? this.#read(nowMs);
    this.#given = await orAborted(value, signal);
    return this.#given;
  }

  /** The API server answered 401 to these. */
  refused(credentials: Credentials): void {
    if (credentials === this.#given) this.#isRefused = true;
  }

  /** Whether the next request is made with credentials that were read anew after a refusal. */
  get isRenewing(): boolean {
    return this.#isRefused && this.#clock.monotonicMs() - this.#renewedMs >= RENEW_EVERY_MS;
  }

  #read(nowMs: number): { atMs: number; value: Promise<Credentials> } {
    const isRenewing = this.isRenewing;
    if (isRenewing) {
      this.#isRefused = false;
      this.#renewedMs = nowMs;
    }
    const value = this.#access.credentials(isRenewing).catch((error: unknown) => {
      throw credentialsError(error);
    });
    const held = { atMs: nowMs, value };
    held.value.catch(() => {
      if (this.#held === held) this.#held = null;
    });
    this.#held = held;
    return held;
  }
}

/** A plugin may hang; who waits for it gives up with the request. */
async function orAborted(value: Promise<Credentials>, signal: AbortSignal): Promise<Credentials> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(credentialsError(signal.reason));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([value, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Its words may be a plugin's, and secret; only a code goes on. */
function credentialsError(cause: unknown): Error {
  const isCoded = cause instanceof Error && "code" in cause && typeof cause.code === "string";
  return Object.assign(new Error(isCoded ? String(cause.code) : "", { cause }), { code: CREDENTIALS });
}
