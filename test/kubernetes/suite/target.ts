import type { KubeClient } from "../../../dev/cluster/client/kube-client.ts";
import type { KubernetesCluster } from "../cluster/cluster.ts";

/** A cluster under test, whichever it is: the cases know no more of it than this. */
export type Target = {
  name: "embedded" | "stand-in" | "real";
  /** What the relay gets: with RBAC a token of its ServiceAccount, never the admin's. */
  relayKubeconfig: string;
  /** The same rights at another address, a proxy's say: the path of a kubeconfig; without `ca` the cluster's own authority. */
  relayKubeconfigAt: (url: string, ca?: string) => string;
  /** The programs of a real control plane and its node, which can be killed, stopped and started again; null: embedded. */
  cluster: KubernetesCluster | null;
  /** The admin's, as a person would type it. */
  kubectl: (...args: string[]) => Promise<string>;
  /** The admin's, for what has to be read exactly. */
  client: KubeClient;
  /** The API server's requests; its clock tells when a create arrived. */
  auditLog: string;
  /** Takes the API server away from its clients while `meanwhile` goes on, and brings it back; containers go on. */
  withoutApiServer: (meanwhile: () => Promise<void>) => Promise<void>;
  stop: () => Promise<void>;
};

/** Where cases run their jobs that do nothing to their namespace; their names are unique among all cases. */
export const JOBS = "jobs";
/** For the cases that set a quota or a limit, or enforce Pod Security: a case that changes its namespace needs one of its own. */
export const SMALL = "small";
export const TWO_JOBS = "two-jobs";
export const NO_PODS = "no-pods";
export const LIMITED = "limited";
export const RESTRICTED = "restricted";
/** In these the relay has the rights of deploy/rbac, and the suite's Watchbell is told of them. */
export const ALLOWED: readonly string[] = [JOBS, SMALL, TWO_JOBS, NO_PODS, LIMITED, RESTRICTED];
/** Where the relay may create and watch, and nothing else; where it may only read, and where it may do nothing. */
export const FEW_RIGHTS = "few-rights";
export const READ_ONLY = "read-only";
export const NO_RIGHT = "no-right";
export const NAMESPACES: readonly string[] = [...ALLOWED, FEW_RIGHTS, READ_ONLY, NO_RIGHT];

/** The image that the real node has; elsewhere the name says nothing. */
export const IMAGE = "localhost/box:1";
