import { readFileSync } from "node:fs";
import type { RequestOptions } from "node:https";
import path from "node:path";
import { KubeConfig, loadYaml } from "@kubernetes/client-node";
import { z } from "zod";

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
  /**
   * Reads tokens and certificates; plugins may run. `isRefused`: nothing that was read before is good any more, the
   * kubeconfig included. Rejects when they fail.
   */
  credentials(isRefused: boolean): Promise<Credentials>;
};

/** Loads KUBECONFIG, or the in-cluster service account where `kubeconfig` is null; else the sentence that says what is wrong. */
export function loadClusterAccess(
  kubeconfig: string | null,
): { ok: true; value: ClusterAccess } | { ok: false; sentence: string } {
  let config: KubeConfig;
  try {
    config = loadConfig(kubeconfig);
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
    credentials: async (isRefused: boolean) => {
      if (isRefused) config = loadConfig(kubeconfig);
      return await currentCredentials(config);
    },
  };
  return { ok: true, value };
}

function loadConfig(kubeconfig: string | null): KubeConfig {
  const config = new KubeConfig();
  if (kubeconfig === null) config.loadFromCluster();
  else {
    config.loadFromFile(kubeconfig);
    readTokenFiles(config, kubeconfig);
  }
  return config;
}

const WithTokenFile = z.object({
  users: z
    .array(z.object({ name: z.string(), user: z.object({ tokenFile: z.string().optional() }).nullish() }))
    .nullish(),
});

/**
 * The client library knows `tokenFile` in-cluster only. A file that is named in a kubeconfig is read the same way, again and
 * again: such tokens expire.
 */
function readTokenFiles(config: KubeConfig, kubeconfig: string): void {
  const parsed = WithTokenFile.safeParse(loadYaml(readFileSync(kubeconfig, "utf8")));
  const users = new Map(parsed.data?.users?.map(({ name, user }) => [name, user?.tokenFile]));
  config.users = config.users.map((user) => {
    const tokenFile = users.get(user.name);
    if (tokenFile === undefined || user.token) return user;
    const file = path.resolve(path.dirname(kubeconfig), tokenFile);
    return { ...user, authProvider: { name: "tokenFile", config: { tokenFile: file } } };
  });
}

async function currentCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  // A file with a token mostly ends with a newline.
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
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
