import { z } from "zod";

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** What the relay was told; checked once, at start. */
export type RelaySettings = {
  /** The WebSocket's address, path included. */
  linkUrl: string;
  cluster: string;
  joinToken: string;
  /** Path of the kubeconfig; null: the in-cluster service account. */
  kubeconfig: string | null;
  /** Namespaces that may be touched; empty: all. */
  namespaces: string[];
  healthPort: number;
  healthHost: string;
  debug: boolean;
};

/** Settings, or one sentence per variable that is missing or wrong. */
export type ParsedEnv = { ok: true; settings: RelaySettings } | { ok: false; problems: string[] };

/** The text of `--help`. */
export const HELP = `Watchbell relay: runs in (or beside) one Kubernetes cluster, dials out to the control plane, creates Jobs and reports on them.

  WATCHBELL_URL           address of the control plane, e.g. https://watchbell.example.com   (required)
  WATCHBELL_CLUSTER       id of this cluster, as it was registered                          (required)
  WATCHBELL_JOIN_TOKEN    the cluster's join token, from /api/cluster/create                (required)
  KUBECONFIG              path of a kubeconfig                      (default: the in-cluster service account)
  WATCHBELL_NAMESPACES    comma list of namespaces it may touch                             (default: all)
  WATCHBELL_HEALTH_PORT   port of /healthz, /readyz and /metrics; 0: any free               (default: 8080)
  WATCHBELL_HEALTH_HOST   address to listen on                                              (default: 0.0.0.0)
  WATCHBELL_DEBUG         1: more log lines                                                 (default: 0)
`;

const Text = z
  .string()
  .trim()
  .optional()
  .transform((value) => value ?? "");

const Env = z.object({
  WATCHBELL_URL: Text.superRefine((value, context) => {
    const problem = urlProblem(value);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  }),
  WATCHBELL_CLUSTER: Text.superRefine((value, context) => {
    const fits = value.length <= 40 && DNS_LABEL.test(value);
    if (value === "") context.addIssue({ code: "custom", message: "is not set; set it to the id of this cluster" });
    else if (!fits) {
      const message = `is ${JSON.stringify(value)}; set it to the cluster's id: lower-case letters, digits and dashes, at most 40`;
      context.addIssue({ code: "custom", message });
    }
  }),
  WATCHBELL_JOIN_TOKEN: Text.superRefine((value, context) => {
    const advice = "set it to the join token that /api/cluster/create answered (or /api/cluster/rotate makes anew)";
    if (value === "") context.addIssue({ code: "custom", message: `is not set; ${advice}` });
    // Its value never goes into a sentence.
    else if (!/^[\x21-\x7e]+$/.test(value))
      context.addIssue({ code: "custom", message: `holds blanks or other odd characters; ${advice}` });
  }),
  KUBECONFIG: Text,
  WATCHBELL_NAMESPACES: Text.transform((value) =>
    value
      .split(",")
      .map((name) => name.trim())
      .filter((name) => name !== ""),
  ).superRefine((names, context) => {
    const wrong = names.find((name) => name.length > 63 || !DNS_LABEL.test(name));
    if (wrong === undefined) return;
    context.addIssue({
      code: "custom",
      message: `names ${JSON.stringify(wrong)}, which is no namespace; set a comma list of namespaces`,
    });
  }),
  WATCHBELL_HEALTH_PORT: Text.superRefine((value, context) => {
    if (value === "" || (/^\d{1,5}$/.test(value) && Number(value) <= 65_535)) return;
    context.addIssue({ code: "custom", message: `is ${JSON.stringify(value)}; set a port from 0 (any free) to 65535` });
  }),
  WATCHBELL_HEALTH_HOST: Text,
  WATCHBELL_DEBUG: Text.superRefine((value, context) => {
    if (["", "0", "1", "true", "false"].includes(value)) return;
    context.addIssue({ code: "custom", message: `is ${JSON.stringify(value)}; set 1 or 0` });
  }),
  KUBERNETES_SERVICE_HOST: Text,
});

/** Reads the environment; each problem is a sentence that names the variable and says what to set. */
export function parseEnv(env: Record<string, string | undefined>): ParsedEnv {
  const parsed = Env.safeParse(env);
  if (!parsed.success) {
    return { ok: false, problems: parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}.`) };
  }
  const { data } = parsed;
  if (data.KUBECONFIG === "" && data.KUBERNETES_SERVICE_HOST === "") {
    const problem =
      "KUBECONFIG is not set and this process does not run in a cluster; set it to the path of a kubeconfig.";
    return { ok: false, problems: [problem] };
  }
  return {
    ok: true,
    settings: {
      linkUrl: linkUrl(data.WATCHBELL_URL, data.WATCHBELL_CLUSTER),
      cluster: data.WATCHBELL_CLUSTER,
      joinToken: data.WATCHBELL_JOIN_TOKEN,
      kubeconfig: data.KUBECONFIG === "" ? null : data.KUBECONFIG,
      namespaces: data.WATCHBELL_NAMESPACES,
      healthPort: data.WATCHBELL_HEALTH_PORT === "" ? 8080 : Number(data.WATCHBELL_HEALTH_PORT),
      healthHost: data.WATCHBELL_HEALTH_HOST === "" ? "0.0.0.0" : data.WATCHBELL_HEALTH_HOST,
      debug: data.WATCHBELL_DEBUG === "1" || data.WATCHBELL_DEBUG === "true",
    },
  };
}

function urlProblem(value: string): string | null {
  const advice = "set it to the address of the control plane, such as https://watchbell.example.com";
  if (value === "") return `is not set; ${advice}`;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (!url || !["http:", "https:"].includes(url.protocol)) return `is ${JSON.stringify(value)}; ${advice}`;
  if (url.username !== "" || url.password !== "") return `holds a user or password; ${advice}`;
  if (url.search !== "" || url.hash !== "") return `holds a query or a fragment; ${advice}`;
  return null;
}

function linkUrl(base: string, cluster: string): string {
  const url = new URL(base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/relay/${encodeURIComponent(cluster)}`;
  return url.href;
}
