import { expect, test } from "vitest";
import type { KubeObject } from "../../../../dev/cluster/api/json.ts";
import { fieldMatcher, labelMatcher } from "../../../../dev/cluster/api/selectors.ts";

const pod: KubeObject = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "a", namespace: "n", labels: { app: "web", tier: "front", "x.io/k": "v" } },
  spec: { nodeName: "node-1" },
  status: { phase: "Running" },
};

function selects(kind: "label" | "field", text: string): boolean | string {
  const matcher = kind === "label" ? labelMatcher(text) : fieldMatcher("pods", text);
  return matcher.ok ? matcher.value(pod) : matcher.failure.message;
}

test.each([
  ["", true],
  ["app=web", true],
  ["app==web", true],
  ["app=api", false],
  ["app!=api", true],
  ["missing!=x", true],
  ["app in (api, web)", true],
  ["app in (api),tier=front", false],
  ["tier notin (back)", true],
  ["x.io/k=v", true],
  ["app", true],
  ["!app", false],
  ["!missing,app=web", true],
])("label selector %j on the pod gives %j", (text, expected) => {
  expect(selects("label", text)).toBe(expected);
});

test.each([
  ["metadata.name=a", true],
  ["metadata.namespace=other", false],
  ["spec.nodeName=node-1,status.phase!=Failed", true],
  ["status.phase=Pending", false],
])("field selector %j on the pod gives %j", (text, expected) => {
  expect(selects("field", text)).toBe(expected);
});

test("a selector that can't be read is refused by its words", () => {
  expect(selects("label", "app=(")).toContain('unable to parse requirement: "app=("');
  expect(selects("field", "spec.colour=red")).toBe("field label not supported: spec.colour");
});
