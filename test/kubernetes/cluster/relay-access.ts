import { readFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { type Admin, caPath, writeTokenKubeconfig } from "./admin.ts";
import type { ClusterFolder } from "./folder.ts";

const RBAC = path.resolve(import.meta.dirname, "../../../deploy/rbac");
const TokenAnswer = z.object({ status: z.object({ token: z.string() }) });
/** Longer than any run of the suite, seconds. */
const TOKEN_SECONDS = 86_400;

/** The relay's own namespace, as deploy/rbac names it. */
export const RELAY_NAMESPACE = "watchbell";

/**
 * Gives the relay's ServiceAccount exactly the rights of deploy/rbac: in these namespaces, or in all where there are none named.
 * Answers the path of a kubeconfig with a token of it and nothing else.
 */
export async function grantRelay(admin: Admin, folder: ClusterFolder, namespaces: readonly string[]): Promise<string> {
  await admin.kubectl("apply", "-f", path.join(RBAC, "relay.yaml"));
  if (namespaces.length === 0) await admin.kubectl("apply", "-f", path.join(RBAC, "all-namespaces.yaml"));
  for (const namespace of namespaces) {
    await admin.kubectl("apply", "-n", namespace, "-f", path.join(RBAC, "job-namespace.yaml"));
  }
  const answer = await admin.client.create(
    `/api/v1/namespaces/${RELAY_NAMESPACE}/serviceaccounts/watchbell-relay/token`,
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: TOKEN_SECONDS } },
  );
  if (answer.code !== 201) throw new Error(`the token request was answered ${answer.code}`);
  const { token } = TokenAnswer.parse(answer.body).status;
  const ca = readFileSync(caPath(folder), "utf8");
  writeTokenKubeconfig(folder.relayKubeconfig, admin.url, ca, token, RELAY_NAMESPACE);
  return folder.relayKubeconfig;
}
