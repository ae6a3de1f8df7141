import { isJsonObject, type Json, type JsonObject, listAt, objectAt } from "../api/json.ts";
import type { Job } from "../client/objects.ts";
import { indexKey, trackingFinalizer } from "./pod-facts.ts";

/** Builds the pod of a Job, with its completion index where the Job is Indexed (pkg/controller/job, podControl). */
export function podOf(job: Job, index: number | undefined): Json {
  const template: Json = JSON.parse(JSON.stringify(job.spec.template));
  const { name, uid } = job.metadata;
  const indexed: JsonObject = index === undefined ? {} : { [indexKey]: String(index) };
  const spec = objectAt(template, "spec");
  const { annotations: own, ...kept } = objectAt(template, "metadata");
  const annotations: JsonObject = { ...(isJsonObject(own) ? own : {}), ...indexed };
  const metadata: JsonObject = {
    ...kept,
    generateName: index === undefined ? `${name}-` : `${name}-${index}-`,
    labels: { ...objectAt(template, "metadata", "labels"), ...indexed },
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    finalizers: [...listAt(template, "metadata", "finalizers"), trackingFinalizer],
    ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name, uid, controller: true, blockOwnerDeletion: true }],
  };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: index === undefined ? spec : withIndex(spec, name, index) };
}

/** An Indexed pod knows its index by environment and by host name. */
function withIndex(spec: JsonObject, jobName: string, index: number): JsonObject {
  const variable = {
    name: "JOB_COMPLETION_INDEX",
    valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: `metadata.labels['${indexKey}']` } },
  };
  const inEach = (list: string) =>
    listAt(spec, list).map((container) => {
      if (!isJsonObject(container)) return container;
      const own = listAt(container, "env");
      const isGiven = own.some((one) => isJsonObject(one) && one.name === variable.name);
      return isGiven ? container : { ...container, env: [...own, variable] };
    });
  const initContainers: JsonObject =
    spec.initContainers === undefined ? {} : { initContainers: inEach("initContainers") };
  return { ...spec, ...initContainers, containers: inEach("containers"), hostname: `${jobName}-${index}` };
}
