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

/** Loads KUBECONFIG, or the in-cluster service account where `kubeconfig` is null; else the sentence that says what is wrong. */
export function loadClusterAccess(
  kubeconfig: string | null,
): { ok: true; value: ClusterAccess } | { ok: false; sentence: string } {
  const config = new KubeConfig();
  try {
    if (kubeconfig === null) config.loadFromCluster();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return {
      ok: false,
      sentence: `KUBECONFIG=${kubeconfig} can't be read: ${why}; set it to the path of a kubeconfig.`,
    };
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    return { ok: false, sentence: `KUBECONFIG=${kubeconfig} names no cluster; set current-context in it.` };
  }
  const context = config.getContextObject(config.getCurrentContext());
  const value = {
    server: cluster.server.replace(/\/+$/, ""),
    namespace: context?.namespace?.trim() || "default",
    proxyUrl: cluster.proxyUrl ?? null,
    credentials: () => currentCredentials(config),
  };
  return { ok: true, value };
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
