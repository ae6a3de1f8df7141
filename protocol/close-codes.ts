/** Why a link was closed; the WebSocket's close code. Those a relay must not retry on are in {@link FINAL_CLOSE_CODES}. */
export const CLOSE = {
  /** The relay stops on purpose, or the control plane is being replaced. */
  goingAway: 1001,
  /** A frame that is no frame: not JSON, too large, or `hello` missing. */
  badFrame: 4400,
  /** The join token was revoked or rotated away. */
  badToken: 4401,
  /** The relay stands in another Kubernetes cluster than the one this id is pinned to. */
  otherCluster: 4403,
  /** No ping came for 20 s. */
  silent: 4408,
  /** The same relay process has a newer link. */
  replaced: 4409,
  /** The two sides share no protocol version, or the cluster's Kubernetes is too old. */
  unsupported: 4426,
} as const;

/** After these a relay exits 1 with the close reason as its sentence: trying again can't help. */
export const FINAL_CLOSE_CODES: readonly number[] = [CLOSE.badToken, CLOSE.otherCluster, CLOSE.unsupported];
