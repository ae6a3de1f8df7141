import { Webhook } from "standardwebhooks";
import type { Settings } from "../env.ts";
import { logWarning } from "../errors.ts";
import { callbackUrlProblem } from "../jobs/callback-url.ts";

/** A receiver has this long to answer (contract, part 4). */
const ANSWER_WITHIN_MS = 15_000;
const MAX_ERROR = 80;

/** What of a callback goes over the wire. */
export type Letter = { id: string; url: string; body: string };

/** What came of an attempt. `http` 0: no answer; `error` empty: it was taken. */
export type Reply = { http: number; error: string };

/** `webhook-signature` of a body: one `v1,…` for each secret, so that a receiver may have either of them (Standard Webhooks). */
export function signaturesOf(letter: Letter, secrets: readonly string[], at: Date): string {
  return secrets.map((secret) => new Webhook(secret).sign(letter.id, at, letter.body)).join(" ");
}

function cut(error: string): string {
  return error.length <= MAX_ERROR ? error : `${error.slice(0, MAX_ERROR - 1)}…`;
}

/** What goes wrong below HTTP, in words of the runtime. */
function connectionError(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError") return `no answer within ${ANSWER_WITHIN_MS / 1_000} s`;
  const { message, cause } = error instanceof Error ? error : { message: String(error), cause: undefined };
  const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
  return cut(`no connection: ${why}`);
}

function answerError({ status }: Response): string {
  if (status >= 200 && status <= 299) return "";
  return status >= 300 && status <= 399 ? `HTTP ${status}: redirects are not followed` : `HTTP ${status}`;
}

/**
 * Makes one attempt at a callback: a POST signed with each secret (Standard Webhooks), 15 s for an answer, no redirects. Never
 * throws. The address is checked again: what was allowed when the job was created may not be any more.
 */
export async function sendCallback(
  letter: Letter,
  settings: Pick<Settings, "callbackSecrets" | "allowPrivateCallbacks">,
  now: number,
): Promise<Reply> {
  const { callbackSecrets, allowPrivateCallbacks } = settings;
  const problem = callbackUrlProblem(letter.url, allowPrivateCallbacks);
  if (problem !== null) return { http: 0, error: cut(`not called: callback_url ${problem}`) };
  if (callbackSecrets.length === 0) {
    logWarning("WATCHBELL_CALLBACK_SECRETS is not set, so no callback is sent; set one or two secrets, each whsec_…");
    return { http: 0, error: "not called: WATCHBELL_CALLBACK_SECRETS is not set" };
  }
  try {
    const response = await fetch(letter.url, {
      method: "POST",
      redirect: "manual",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      headers: {
        "content-type": "application/json",
        "user-agent": "watchbell",
        "webhook-id": letter.id,
        "webhook-timestamp": String(Math.floor(now / 1_000)),
        "webhook-signature": signaturesOf(letter, callbackSecrets, new Date(now)),
      },
      body: letter.body,
    });
    // Nobody needs the answer's body, however long it is.
    await response.body?.cancel();
    return { http: response.status, error: answerError(response) };
  } catch (error) {
    return { http: 0, error: connectionError(error) };
  }
}
