import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { readIfThere, writePrivately } from "../../../dev/cluster/credentials.ts";

/** Where everything of one real cluster lies. */
export type ClusterFolder = {
  dir: string;
  logs: string;
  /** Serving certificates, made by the programs themselves. */
  certs: string;
  etcd: string;
  /** What the node keeps: pods and their logs. */
  node: string;
  /** The admin's kubeconfig. */
  kubeconfig: string;
  auditLog: string;
  auditPolicy: string;
  tokens: string;
  serviceAccountKey: string;
  serviceAccountPublicKey: string;
  adminToken: string;
};

/** Makes the folder, its secrets and its fixed files; a folder that is there already keeps its secrets. */
export function openClusterFolder(dir: string): ClusterFolder {
  const at = (...names: string[]) => path.join(dir, ...names);
  for (const folder of [dir, at("logs"), at("certs"), at("etcd"), at("node")])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  const folder = {
    dir,
    logs: at("logs"),
    certs: at("certs"),
    etcd: at("etcd"),
    node: at("node"),
    kubeconfig: at("kubeconfig"),
    auditLog: at("logs", "audit.log"),
    auditPolicy: at("audit-policy.json"),
    tokens: at("tokens.csv"),
    serviceAccountKey: at("service-account.key"),
    serviceAccountPublicKey: at("service-account.pub"),
  };
  const kept = readIfThere(folder.tokens);
  const adminToken = kept?.split(",")[0] ?? randomBytes(24).toString("base64url");
  writePrivately(folder.tokens, `${adminToken},admin,admin,"system:masters"\n`);
  if (readIfThere(folder.serviceAccountKey) === undefined) {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    writePrivately(folder.serviceAccountPublicKey, String(publicKey.export({ type: "spki", format: "pem" })));
    writePrivately(folder.serviceAccountKey, String(privateKey.export({ type: "pkcs1", format: "pem" })));
  }
  writePrivately(folder.auditPolicy, JSON.stringify(AUDIT_POLICY));
  return { ...folder, adminToken };
}

/** Every request once, when it is answered: the API server's own clock tells when a Job's create arrived. */
const AUDIT_POLICY = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  omitStages: ["RequestReceived", "ResponseStarted"],
  rules: [
    { level: "Metadata", resources: [{ group: "batch", resources: ["jobs"] }] },
    { level: "Metadata", userGroups: ["system:serviceaccounts:watchbell"] },
    { level: "None" },
  ],
};
