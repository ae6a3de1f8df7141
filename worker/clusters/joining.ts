import { CLOSE } from "../../protocol/close-codes.ts";
import type { Hello } from "../../protocol/up.ts";
import { PROTOCOL_VERSION } from "../../protocol/words.ts";

/** The oldest version of the link's protocol that is still understood here. */
const OLDEST_PROTOCOL_VERSION = 1;
/** The oldest Kubernetes minor version of 1.x that a relay may stand in (contract, part 3). */
const OLDEST_KUBERNETES_MINOR = 31;
/** A WebSocket close reason is at most this many UTF-8 bytes (RFC 6455, 5.5). */
const CLOSE_REASON_BYTES = 123;

/** Whether a relay may join. `pinned`: the UID that this cluster's id stands for from now on; `protocol`: what both speak. */
export type JoinAnswer =
  | { answer: "join"; pinned: string; protocol: number }
  | { answer: "refuse"; code: number; reason: string };

function refuse(code: number, reason: string): JoinAnswer {
  return { answer: "refuse", code, reason: closeReason(reason) };
}

/** Cuts a sentence to what a close frame can carry, without splitting a character. */
export function closeReason(sentence: string): string {
  const bytes = new TextEncoder().encode(sentence);
  if (bytes.length <= CLOSE_REASON_BYTES) return sentence;
  const cut = new TextDecoder().decode(bytes.subarray(0, CLOSE_REASON_BYTES - 3));
  return `${cut.replace(/\uFFFD+$/, "")}…`;
}

/** The minor version of a Kubernetes 1.x, from what its API server calls itself (`v1.36.3`); null: not readable. */
function kubernetesMinor(version: string): number | null {
  const match = /^v?1\.([0-9]{1,4})/.exec(version);
  return match?.[1] === undefined ? null : Number(match[1]);
}

/**
 * Judges a hello: does it name this cluster, is the protocol shared, is Kubernetes new enough, and does the relay stand in
 * the Kubernetes cluster that this id is pinned to (null: none yet, so the first join pins it).
 */
export function judgeHello(hello: Hello, cluster: string, pinned: string | null): JoinAnswer {
  if (hello.cluster !== cluster) {
    return refuse(CLOSE.otherCluster, `hello names cluster ${hello.cluster}, but the link is for ${cluster}`);
  }
  if (hello.protocol < OLDEST_PROTOCOL_VERSION) return refuse(CLOSE.unsupported, protocolSentence());
  const minor = kubernetesMinor(hello.kubernetesVersion);
  if (minor !== null && minor < OLDEST_KUBERNETES_MINOR) {
    const oldest = `1.${OLDEST_KUBERNETES_MINOR}`;
    return refuse(CLOSE.unsupported, `Kubernetes ${hello.kubernetesVersion} is too old: ${oldest} or later is needed`);
  }
  const uids = [hello.identity.kubeSystemUid, hello.identity.namespaceUid].filter((uid) => uid !== undefined);
  const first = uids.find((uid) => uid !== "");
  if (first === undefined) {
    return refuse(CLOSE.otherCluster, "the relay may read neither namespace kube-system nor its own: no identity");
  }
  if (pinned !== null && !uids.includes(pinned)) {
    const isBlind = hello.identity.kubeSystemUid === undefined;
    const words = isBlind
      ? `is pinned to uid ${pinned}, and this relay may not read kube-system's`
      : `is pinned to another Kubernetes cluster (uid ${pinned})`;
    return refuse(CLOSE.otherCluster, `cluster ${cluster} ${words}`);
  }
  return { answer: "join", pinned: pinned ?? first, protocol: Math.min(PROTOCOL_VERSION, hello.protocol) };
}

/** The sentence for a relay whose protocol version is not understood here. */
export function protocolSentence(): string {
  return `this control plane speaks protocol ${OLDEST_PROTOCOL_VERSION} to ${PROTOCOL_VERSION}; update the relay`;
}
