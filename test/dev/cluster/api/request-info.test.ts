import { expect, test } from "vitest";
import { requestInfo } from "../../../../dev/cluster/api/request-info.ts";

test.each([
  ["GET", "/api/v1/namespaces/n/pods", "list pods n  "],
  ["GET", "/api/v1/pods?watch=true", "watch pods   "],
  ["GET", "/api/v1/pods?watch=1", "watch pods   "],
  ["GET", "/api/v1/namespaces/n/pods/p/log", "get pods n p log"],
  ["POST", "/api/v1/namespaces/n/pods/p/binding", "create pods n p binding"],
  ["GET", "/api/v1/namespaces", "list namespaces   "],
  ["GET", "/api/v1/namespaces/kube-system", "get namespaces  kube-system "],
  ["PUT", "/api/v1/namespaces/n/finalize", "update namespaces  n finalize"],
  ["PATCH", "/apis/batch/v1/namespaces/n/jobs/j/status", "patch jobs n j status"],
  ["DELETE", "/apis/batch/v1/namespaces/n/jobs/j", "delete jobs n j "],
  ["DELETE", "/apis/batch/v1/namespaces/n/jobs", "deletecollection jobs n  "],
])("%s %s is %j", (method, path, expected) => {
  const info = requestInfo(method, new URL(path, "https://x"));
  expect(`${info?.verb} ${info?.resource.plural} ${info?.namespace} ${info?.name} ${info?.subresource}`).toBe(expected);
});

test.each([
  "/",
  "/api/v1",
  "/apis/apps/v1/deployments",
  "/api/v1/secrets",
  "/api/v1/namespaces/n/nodes",
  "/api/v1/pods/a/b/c",
])("%s is no resource of this server", (path) => {
  expect(requestInfo("GET", new URL(path, "https://x"))).toBeUndefined();
});
