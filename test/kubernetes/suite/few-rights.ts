import type { KubeClient } from "../../../dev/cluster/client/kube-client.ts";

const RULES = [
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "get", "list", "watch"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] },
];

/** Gives the suite's relay in one namespace what creating and watching needs: it may neither patch, delete, read a log nor an event. */
export async function grantFewRights(client: KubeClient, namespace: string): Promise<void> {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const metadata = { name: "few" };
  const account = { kind: "ServiceAccount", name: "watchbell-relay", namespace: "watchbell" };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "few" };
  const role = await client.create(`${rbac}/roles`, { apiVersion, kind: "Role", metadata, rules: RULES });
  const binding = { apiVersion, kind: "RoleBinding", metadata, roleRef, subjects: [account] };
  const bound = await client.create(`${rbac}/rolebindings`, binding);
  if (role.code !== 201 || bound.code !== 201) throw new Error(`few rights were answered ${role.code}, ${bound.code}`);
}
