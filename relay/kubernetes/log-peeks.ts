import type { LogKey } from "../../protocol/up.ts";
import type { Clock } from "../clock.ts";
import type { KubernetesCalls } from "./calls.ts";
import type { Witness } from "./log-beginning.ts";
import { logKeyText } from "./log-plan.ts";
import { MAX_STAMP_BYTES, STAMP } from "./log-stamps.ts";

/** kubelet looks every 10 s whether a log has to be rotated. */
const FIRST_LOOK_MS = 10_000;
/** A log that is still empty is looked at again after twice as long, at most this. */
const MAX_PAUSE_MS = 300_000;
const LOOKS_AT_ONCE = 4;

type Peek = { witness: Witness; nextMs: number; pauseMs: number; isAsking: boolean };

/**
 * One look at the first line of each log that no follow reads. The API never says that a node rotated a log: a beginning that
 * is another one at the end is the only sign of it. One short request for each container that runs for more than 10 s.
 */
export class LogPeeks {
  readonly #calls: Pick<KubernetesCalls, "openLog">;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #peeks = new Map<string, Peek>();
  #asking = 0;

  constructor(calls: Pick<KubernetesCalls, "openLog">, clock: Clock, signal: AbortSignal) {
    this.#calls = calls;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Called again and again while the container runs; asks when it is time. */
  look(namespace: string, key: LogKey): void {
    const text = logKeyText(key);
    const nowMs = this.#clock.monotonicMs();
    const peek = this.#peeks.get(text);
    if (peek === undefined) {
      const nextMs = nowMs + FIRST_LOOK_MS;
      this.#peeks.set(text, { witness: null, nextMs, pauseMs: FIRST_LOOK_MS, isAsking: false });
      return;
    }
    const isKnown = peek.witness !== null && "firstStamp" in peek.witness;
    if (isKnown || peek.isAsking || nowMs < peek.nextMs || this.#asking >= LOOKS_AT_ONCE) return;
    void this.#ask(peek, namespace, key);
  }

  /** What was seen of a log. */
  witness(key: LogKey): Witness {
    return this.#peeks.get(logKeyText(key))?.witness ?? null;
  }

  /** Forgets the logs of a pod. */
  drop(podUid: string): void {
    for (const text of this.#peeks.keys()) if (text.startsWith(`${podUid}/`)) this.#peeks.delete(text);
  }

  async #ask(peek: Peek, namespace: string, key: LogKey): Promise<void> {
    peek.isAsking = true;
    this.#asking++;
    const { podName, container } = key;
    const place = { namespace, podName, container };
    const request = { ...place, previous: false, follow: false, limitBytes: MAX_STAMP_BYTES };
    const emptyAtMs = this.#clock.monotonicMs();
    const answer = await this.#calls.openLog(request, this.#signal);
    if (answer.ok) {
      const line = (await textOf(answer.body)) ?? "broken off";
      const [firstStamp = ""] = line.split(" ");
      if (STAMP.test(firstStamp)) peek.witness = { firstStamp };
      else if (line === "") peek.witness = { emptyAtMs };
    }
    peek.pauseMs = Math.min(MAX_PAUSE_MS, peek.pauseMs * 2);
    peek.nextMs = this.#clock.monotonicMs() + peek.pauseMs;
    peek.isAsking = false;
    this.#asking--;
  }
}

/** A short body; what broke off is no evidence of anything. */
async function textOf(body: AsyncIterable<unknown>): Promise<string | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of body) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    return Buffer.concat(chunks).toString("latin1");
  } catch {
    return null;
  }
}
