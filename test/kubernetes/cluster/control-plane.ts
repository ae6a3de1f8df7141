import path from "node:path";
import { Agent } from "undici";
import type { ComponentSpec } from "./component.ts";
import type { ClusterFolder } from "./folder.ts";

/** The ports of one control plane, all on 127.0.0.1 of its network namespace. */
export type ControlPlanePorts = { etcd: number; etcdPeer: number; apiServer: number };

/** What a control plane is made of. */
export type ControlPlane = {
  folder: ClusterFolder;
  ports: ControlPlanePorts;
  /** Folder of the built programs, and etcd's path. */
  bin: string;
  etcd: string;
  /** Put before every command: how to enter the cluster's namespaces; empty: this machine's own. */
  prefix: string[];
  /** Where the API server is reached from here. */
  url: string;
  /** The API server's own address for pods; loopback where no pod has a network. */
  advertiseAddress: string;
};

/** Without a node-lifecycle controller a stand-in need not renew leases, and nothing taints its node. */
const STAND_IN_CONTROLLERS = [
  "job-controller",
  "ttl-after-finished-controller",
  "garbage-collector-controller",
  "namespace-controller",
  "serviceaccount-controller",
  "root-ca-certificate-publisher-controller",
  "pod-garbage-collector-controller",
  "resourcequota-controller",
];

/** What drains a node, or gives up one that died, besides. */
const REAL_NODE_CONTROLLERS = [...STAND_IN_CONTROLLERS, "node-lifecycle-controller", "taint-eviction-controller"];

const READY_WITHIN_MS = 60_000;

/** etcd, without fsync: what a crash of the machine would lose is a test's. */
export function etcdSpec(plane: ControlPlane): ComponentSpec {
  const client = `http://127.0.0.1:${plane.ports.etcd}`;
  const args = [
    ...["--data-dir", plane.folder.etcd],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", `http://127.0.0.1:${plane.ports.etcdPeer}`],
    ...["--unsafe-no-fsync", "--log-level", "error"],
  ];
  // The API server waits for it: asking etcd itself would need a way into its network namespace.
  return component(plane, "etcd", plane.etcd, args, async () => true, 2_000);
}

/** The API server: RBAC on, ServiceAccounts on, an audit log. */
export function apiServerSpec(plane: ControlPlane): ComponentSpec {
  const { folder, ports } = plane;
  const args = [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    ...[
      "--bind-address=127.0.0.1",
      `--secure-port=${ports.apiServer}`,
      `--advertise-address=${plane.advertiseAddress}`,
    ],
    // Nobody looks for this API server through the Service `kubernetes`, and a loopback address may not stand in it.
    "--endpoint-reconciler-type=none",
    `--cert-dir=${path.join(folder.certs, "apiserver")}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-key-file=${folder.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${folder.serviceAccountKey}`,
    `--token-auth-file=${folder.tokens}`,
    ...["--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24"],
    // Otherwise it asks DNS for the node's name when it reads a log.
    "--kubelet-preferred-address-types=InternalIP",
    `--audit-policy-file=${folder.auditPolicy}`,
    `--audit-log-path=${folder.auditLog}`,
    "--profiling=false",
  ];
  // SIGTERM would drain open watches for a minute and keep the port meanwhile.
  return component(plane, "kube-apiserver", path.join(plane.bin, "kube-apiserver"), args, readyz(plane), 0);
}

/** The controllers that Jobs depend on, and no others. */
export function controllerManagerSpec(plane: ControlPlane, hasRealNode: boolean): ComponentSpec {
  const { folder } = plane;
  const args = [
    `--kubeconfig=${folder.kubeconfig}`,
    ...["--secure-port=0", "--leader-elect=false", "--use-service-account-credentials=false"],
    // A Job costs the controllers about 8 requests: the default of 20 a second would keep a few Jobs a second waiting for their pods.
    ...["--kube-api-qps=200", "--kube-api-burst=400"],
    `--controllers=${(hasRealNode ? REAL_NODE_CONTROLLERS : STAND_IN_CONTROLLERS).join(",")}`,
    `--service-account-private-key-file=${folder.serviceAccountKey}`,
    `--root-ca-file=${path.join(folder.certs, "apiserver", "apiserver.crt")}`,
    // By default a node that dies is called so after 50 s; the real kubelet's lease is short enough for this.
    ...["--node-monitor-grace-period=12s", "--node-monitor-period=1s"],
  ];
  const program = path.join(plane.bin, "kube-controller-manager");
  return component(plane, "kube-controller-manager", program, args, hasDefaultAccount(plane), 0);
}

/** The scheduler, for a real node; a stand-in binds pods itself. */
export function schedulerSpec(plane: ControlPlane): ComponentSpec {
  const args = [`--kubeconfig=${plane.folder.kubeconfig}`, "--secure-port=0", "--leader-elect=false"];
  return component(plane, "kube-scheduler", path.join(plane.bin, "kube-scheduler"), args, async () => true, 0);
}

/** A component of this cluster, inside its namespaces and with a log file of its own. */
export function component(
  plane: Pick<ControlPlane, "folder" | "prefix">,
  name: string,
  program: string,
  args: string[],
  isReady: () => Promise<boolean>,
  stopGraceMs: number,
): ComponentSpec {
  const [command = program, ...rest] = [...plane.prefix, program, ...args];
  const logPath = path.join(plane.folder.logs, `${name}.log`);
  return { name, command, args: rest, logPath, isReady, readyWithinMs: READY_WITHIN_MS, stopGraceMs };
}

/** Asked over TLS without a look at the certificate: at the first start it is only being made. */
function readyz(plane: ControlPlane): () => Promise<boolean> {
  return async () => (await ask(plane, "/readyz")).code === 200;
}

/** Pods are refused until the namespace has its default ServiceAccount, which the controllers make. */
function hasDefaultAccount(plane: ControlPlane): () => Promise<boolean> {
  return async () => (await ask(plane, "/api/v1/namespaces/default/serviceaccounts/default")).code === 200;
}

async function ask(plane: ControlPlane, question: string): Promise<{ code: number; body: string }> {
  const agent = new Agent({ connect: { rejectUnauthorized: false }, headersTimeout: 5_000, bodyTimeout: 5_000 });
  try {
    const headers = { authorization: `Bearer ${plane.folder.adminToken}` };
    const answer = await agent.request({ origin: plane.url, path: question, method: "GET", headers });
    return { code: answer.statusCode, body: await answer.body.text() };
  } finally {
    await agent.destroy();
  }
}
