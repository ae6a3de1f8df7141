import { describe, expect, test } from "vitest";
import { Pod } from "../../../../dev/cluster/client/objects.ts";
import { invocationOf, markersOf } from "../../../../dev/cluster/kubelet/environment.ts";

function podOf(...containers: object[]): Pod {
  const metadata = {
    name: "p",
    namespace: "ns",
    uid: "u",
    resourceVersion: "1",
    creationTimestamp: "x",
    labels: { tier: "front" },
  };
  const spec = {
    containers: containers.map((container) => ({ name: "main", image: "busybox", command: ["run"], ...container })),
  };
  return Pod.parse({ metadata, spec });
}

function invocation(container: object): ReturnType<typeof invocationOf> {
  const pod = podOf(container);
  const [only] = pod.spec.containers;
  if (only === undefined) throw new Error("no container");
  return invocationOf(pod, only, "/bin");
}

describe("a container's environment", () => {
  test("is PATH, HOSTNAME and its own env, nothing of the machine's", () => {
    const ready = invocation({ env: [{ name: "A", value: "1" }] });
    expect(ready).toMatchObject({ kind: "ready", environment: { PATH: "/bin", HOSTNAME: "p", A: "1" } });
    expect(ready.kind === "ready" && Object.keys(ready.environment)).toHaveLength(3);
  });

  test("takes the pod's own fields", () => {
    const fields = ["metadata.name", "metadata.namespace", "metadata.uid", "metadata.labels['tier']"];
    const env = fields.map((fieldPath, index) => ({ name: `F${index}`, valueFrom: { fieldRef: { fieldPath } } }));
    expect(invocation({ env })).toMatchObject({ environment: { F0: "p", F1: "ns", F2: "u", F3: "front" } });
  });

  test("expands what is known in values, command and args, and nothing else", () => {
    const env = [
      { name: "A", value: "1" },
      { name: "B", value: "$(A)2 $(NO) $$(A)" },
    ];
    const ready = invocation({ env, command: ["run", "$(B)"], args: ["$(A)"] });
    expect(ready).toMatchObject({ command: "run", args: ["12 $(NO) $(A)", "1"] });
  });

  test("that needs a Secret waits for it by name, unless it is optional", () => {
    const secretKeyRef = { name: "vault", key: "k" };
    const needed = invocation({ env: [{ name: "S", valueFrom: { secretKeyRef } }] });
    expect(needed).toEqual({ kind: "config-error", message: 'secret "vault" not found' });
    expect(
      invocation({ env: [{ name: "S", valueFrom: { secretKeyRef: { ...secretKeyRef, optional: true } } }] }).kind,
    ).toBe("ready");
  });
});

test("a container without a command can't start, and says why", () => {
  const failed = invocation({ command: [], args: ["x"] });
  expect(failed).toMatchObject({ kind: "start-error" });
  expect(failed.kind === "start-error" && failed.message).toContain('entrypoint of "busybox"');
});

test("processes are known by their environment only where it names a job of ours, and one container of it", () => {
  const environment = { HOSTNAME: "p", WATCHBELL_JOB_ID: "j" };
  expect(markersOf(podOf({}), environment)).toEqual(["HOSTNAME=p", "WATCHBELL_JOB_ID=j"]);
  expect(markersOf(podOf({}), { HOSTNAME: "p" })).toEqual([]);
  expect(markersOf(podOf({}, { name: "other" }), environment)).toEqual([]);
});
