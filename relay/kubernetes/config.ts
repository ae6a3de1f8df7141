import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";

/** Where the API server is, and as whom to speak to it right now. */
export type Credentials = { headers: Record<string, string>; tls: TlsOptions };

/** What undici's connector takes of a kubeconfig's TLS settings. */
export type TlsOptions = {
  ca?: string;
  cert?: string;
  key?: string;
  passphrase?: string;
  rejectUnauthorized?: boolean;
  servername?: string;
};

/** A Kubernetes cluster as the kubeconfig or the service account names it. */
export type ClusterAccess = {
  /** Without a trailing slash; may have a path (Rancher). */
  server: string;
  /** The context's namespace: in-cluster the relay's own. */
  namespace: string;
  proxyUrl: string | null;
  /** Reads tokens and certificates anew; plugins may run. Rejects when they fail. */
  credentials(): Promise<Credentials>;
};

/** Loads KUBECONFIG, or the in-cluster service account where `kubeconfig` is null. Throws a sentence that names the variable. */
export function loadClusterAccess(kubeconfig: string | null): ClusterAccess {
  const config = new KubeConfig();
  try {
    if (kubeconfig === null) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    throw new Error(`KUBECONFIG=${kubeconfig} could not be read: ${error instanceof Error ? error.message : error}`);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    throw new Error(`KUBECONFIG=${kubeconfig} has no current context that names a cluster; set current-context in it`);
  }
  const context = config.getContextObject(config.getCurrentContext());
  return {
    server: cluster.server.replace(/\/+$/, ""),
    namespace: context?.namespace?.trim() || "default",
    proxyUrl: cluster.proxyUrl ?? null,
    credentials: () => currentCredentials(config),
  };
}

async function currentCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value);
  if (options.auth) headers.authorization ??= `Basic ${Buffer.from(options.auth).toString("base64")}`;
  const tls: TlsOptions = {};
  if (options.ca) tls.ca = pem(options.ca);
  if (options.cert) tls.cert = pem(options.cert);
  if (options.key) tls.key = pem(options.key);
  if (options.passphrase) tls.passphrase = options.passphrase;
  if (options.servername) tls.servername = options.servername;
  if (options.rejectUnauthorized !== undefined) tls.rejectUnauthorized = options.rejectUnauthorized;
  return { headers, tls };
}

/** PEM texts as one string, so that a rotated certificate can be told from the old one. */
function pem(value: unknown): string {
  return Array.isArray(value) ? value.map((part) => pem(part)).join("\n") : String(value);
}
