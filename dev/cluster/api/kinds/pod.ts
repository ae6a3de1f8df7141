import { isDeepStrictEqual } from "node:util";
import { at, isJsonObject, type Json, type JsonObject, type KubeObject, listAt, objectAt, textAt } from "../json.ts";
import type { Cause } from "../status.ts";
import { metadataCauses, podSpecCauses } from "../validation.ts";

/** Default seconds between SIGTERM and SIGKILL. */
const defaultGraceSeconds = 30;

/** Fills in a pod's spec as pkg/apis/core/v1/defaults.go does, as far as anything here or kubectl looks at it. */
export function withPodSpecDefaults(spec: JsonObject): JsonObject {
  return {
    restartPolicy: "",
    dnsPolicy: "ClusterFirst",
    terminationGracePeriodSeconds: defaultGraceSeconds,
    schedulerName: "default-scheduler",
    securityContext: {},
    ...spec,
    ...(spec.initContainers === undefined
      ? {}
      : { initContainers: listAt(spec, "initContainers").map(withContainerDefaults) }),
    containers: listAt(spec, "containers").map(withContainerDefaults),
  };
}

function withContainerDefaults(container: Json): Json {
  if (!isJsonObject(container)) return container;
  const tag = /:([^/:]+)$/.exec(textAt(container, "image"))?.[1] ?? "latest";
  return {
    resources: {},
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: tag === "latest" ? "Always" : "IfNotPresent",
    ...container,
  };
}

/** Fills in a pod that was posted. */
export function withPodDefaults(pod: KubeObject): KubeObject {
  const spec = withPodSpecDefaults({ restartPolicy: "Always", ...objectAt(pod, "spec") });
  return { ...pod, spec, status: { phase: "Pending", qosClass: "BestEffort" } };
}

/** Checks a pod; empty where it may be stored. */
export function podCauses(pod: KubeObject): Cause[] {
  return [...metadataCauses(pod, false), ...podSpecCauses(at(pod, "spec"), "spec", false)];
}

/** Fields of a pod's spec that may change after creation. */
const mutableFields = ["activeDeadlineSeconds", "tolerations"];

/** Checks a change of a pod (ValidatePodUpdate). */
export function podUpdateCauses(before: KubeObject, after: KubeObject): Cause[] {
  const causes = metadataCauses(after, false);
  if (!isDeepStrictEqual(fixedSpec(before), fixedSpec(after))) {
    const message =
      "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
    causes.push({ reason: "FieldValueForbidden", message, field: "spec" });
  }
  return causes;
}

function fixedSpec(pod: KubeObject): JsonObject {
  const spec = { ...objectAt(pod, "spec") };
  for (const name of mutableFields) delete spec[name];
  for (const list of ["containers", "initContainers"]) {
    if (spec[list] === undefined) continue;
    spec[list] = listAt(spec, list).map((container) =>
      isJsonObject(container) ? { ...container, image: "" } : container,
    );
  }
  return spec;
}

/** Seconds of grace that a delete of this pod gets: none where nothing of it can be running. */
export function graceSecondsOf(pod: KubeObject, asked: number | undefined): number {
  const phase = textAt(pod, "status", "phase");
  const isRunningNowhere = textAt(pod, "spec", "nodeName") === "" || phase === "Succeeded" || phase === "Failed";
  if (isRunningNowhere) return 0;
  const own = at(pod, "spec", "terminationGracePeriodSeconds");
  return asked ?? (typeof own === "number" ? own : defaultGraceSeconds);
}
