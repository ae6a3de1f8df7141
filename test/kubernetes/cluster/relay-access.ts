import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { writePrivately } from "../../../dev/cluster/credentials.ts";
import { type Admin, caPath, writeTokenKubeconfig } from "./admin.ts";
import type { ClusterFolder } from "./folder.ts";

const RBAC = path.resolve(import.meta.dirname, "../../../deploy/rbac");
const TokenAnswer = z.object({ status: z.object({ token: z.string() }) });
/** Longer than any run of the suite, seconds. */
const TOKEN_SECONDS = 86_400;

/** What deploy/rbac calls the relay's own namespace, and what the names of its other objects begin with. */
export const RELAY_NAMESPACE = "watchbell";

/**
 * Gives the relay's ServiceAccount exactly the rights of deploy/rbac: in these namespaces, or in all where there are none named.
 * Another `name` makes a second relay's account beside the first, with all names of deploy/rbac changed alike. Answers the path of a
 * kubeconfig with a token of it and nothing else.
 */
export async function grantRelay(
  admin: Admin,
  folder: ClusterFolder,
  namespaces: readonly string[],
  name = RELAY_NAMESPACE,
): Promise<string> {
  await applyAs(admin, folder, name, "relay.yaml");
  if (namespaces.length === 0) await applyAs(admin, folder, name, "all-namespaces.yaml");
  for (const namespace of namespaces) await applyAs(admin, folder, name, "job-namespace.yaml", "-n", namespace);
  const answer = await admin.client.create(`/api/v1/namespaces/${name}/serviceaccounts/${name}-relay/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: TOKEN_SECONDS },
  });
  if (answer.code !== 201) throw new Error(`the token request was answered ${answer.code}`);
  const { token } = TokenAnswer.parse(answer.body).status;
  const kubeconfig = path.join(folder.dir, `${name}-relay.kubeconfig`);
  writeTokenKubeconfig(kubeconfig, admin.url, readFileSync(caPath(folder), "utf8"), token, name);
  return kubeconfig;
}

async function applyAs(admin: Admin, folder: ClusterFolder, name: string, file: string, ...args: string[]) {
  const renamed = path.join(folder.dir, `${name}-${file}`);
  writePrivately(renamed, readFileSync(path.join(RBAC, file), "utf8").replaceAll(RELAY_NAMESPACE, name));
  await admin.kubectl("apply", ...args, "-f", renamed);
}
