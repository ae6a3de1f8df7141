import type { KubeClient } from "../../../dev/cluster/client/kube-client.ts";
import { until } from "../../support/wait.ts";

/** Makes a namespace; throws what the API server said where it took it not. */
export async function makeNamespace(client: KubeClient, name: string): Promise<void> {
  const made = await client.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  if (made.code !== 201) throw new Error(`namespace ${name} was answered ${made.code}: ${JSON.stringify(made.body)}`);
}

/** The same on a real API server, which refuses pods before the namespace's account is there. */
export async function makeNamespaceWithAccount(client: KubeClient, name: string): Promise<void> {
  await makeNamespace(client, name);
  const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  await until(`the account of ${name}`, async () => (await client.get(account)).code === 200);
}
