import { CLOSE, FINAL_CLOSE_CODES } from "../../protocol/close-codes.ts";

/** Why trying again can't help, as a sentence that names the variable to look at; null: try again. */
export type Refusal = string | null;

const MAX_WORDS = 300;

/** Judges an upgrade that was answered with an HTTP status instead of a link. `body` is the start of the answer. */
export function judgeUpgradeAnswer(status: number, body: string): Refusal {
  const words = causeOf(body);
  switch (status) {
    case 401:
      return sentence(words ?? "the control plane does not accept the join token", "WATCHBELL_JOIN_TOKEN");
    case 403:
      return sentence(words ?? "the control plane refuses this relay", "WATCHBELL_JOIN_TOKEN");
    case 404:
      if (words === null) return sentence("nothing answers for relays under that address", "WATCHBELL_URL");
      return sentence(words, "WATCHBELL_CLUSTER");
    default:
      return null;
  }
}

/** Judges how an open link was closed. */
export function judgeClose(code: number, reason: string): Refusal {
  if (!FINAL_CLOSE_CODES.includes(code)) return null;
  if (code === CLOSE.badToken) return sentence(reason || "the join token is no longer valid", "WATCHBELL_JOIN_TOKEN");
  if (code === CLOSE.otherCluster) {
    return sentence(reason || "this id belongs to another Kubernetes cluster", "WATCHBELL_CLUSTER or KUBECONFIG");
  }
  return sentence(reason || "relay and control plane share no protocol version", "the relay's version, WATCHBELL_URL");
}

function sentence(words: string, lookAt: string): string {
  return `${words.trim().replace(/[.\s]+$/, "")} (look at ${lookAt})`;
}

/** The sentence in the control plane's envelope; null: the answer is somebody else's. */
function causeOf(body: string): string | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof parsed !== "object" || parsed === null || !("cause" in parsed)) return null;
  return typeof parsed.cause === "string" && parsed.cause !== "" ? parsed.cause.slice(0, MAX_WORDS) : null;
}
