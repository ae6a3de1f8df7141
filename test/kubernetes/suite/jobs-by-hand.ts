import { expect } from "vitest";
import { z } from "zod";
import { LASTING } from "./at-work.ts";
import { IMAGE, JOBS, type Target } from "./target.ts";

const Made = z.object({ metadata: z.object({ uid: z.string() }) });

/** What may be said of a Job that somebody makes by hand; `script` is its container's, without it one that lasts. */
export type JobParts = {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  script?: string;
};

/** Makes a Job as somebody else would, past Watchbell; answers its uid. */
export async function makeJobByHand(target: Target, name: string, parts: JobParts): Promise<string> {
  const { script = LASTING, ...metadata } = parts;
  const container = { name: "main", image: IMAGE, command: ["sh", "-c", script] };
  const pod = { restartPolicy: "Never", terminationGracePeriodSeconds: 5, containers: [container] };
  const made = await target.client.create(`/apis/batch/v1/namespaces/${JOBS}/jobs`, {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, ...metadata },
    spec: { template: { metadata: { labels: metadata.labels ?? {} }, spec: pod } },
  });
  expect(made.code).toBe(201);
  return Made.parse(made.body).metadata.uid;
}

/** A field of a Job of the suite, by its JSONPath; empty where there is no such Job. */
export function jobField(target: Target, name: string, jsonpath: string): Promise<string> {
  return target.kubectl("get", "job", name, "-n", JOBS, "--ignore-not-found", "-o", `jsonpath=${jsonpath}`);
}

/** Deletes a Job in the foreground, as an admin would, and waits until it is gone, unless the options say otherwise. */
export async function removeJobByHand(target: Target, name: string, ...options: string[]): Promise<void> {
  await target.kubectl("delete", "job", name, "-n", JOBS, "--cascade=foreground", ...options);
}
