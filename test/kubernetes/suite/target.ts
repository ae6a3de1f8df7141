import type { KubeClient } from "../../../dev/cluster/client/kube-client.ts";

/** A cluster under test, whichever it is: the cases know no more of it than this. */
export type Target = {
  name: "embedded" | "stand-in" | "real";
  /** What the relay gets: with RBAC a token of its ServiceAccount, never the admin's. */
  relayKubeconfig: string;
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

/** Namespaces of the suite: in the first two the relay has the rights of deploy/rbac, in the third it may only read, in the last nothing. */
export const JOBS = "jobs";
export const SMALL = "small";
export const READ_ONLY = "read-only";
export const NO_RIGHT = "no-right";
export const NAMESPACES: readonly string[] = [JOBS, SMALL, READ_ONLY, NO_RIGHT];

/** The image that the real node has; elsewhere the name says nothing. */
export const IMAGE = "localhost/box:1";
