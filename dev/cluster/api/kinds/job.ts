import { isDeepStrictEqual } from "node:util";
import { at, isJsonObject, type Json, type JsonObject, type KubeObject, numberAt, objectAt, textAt } from "../json.ts";
import type { Cause } from "../status.ts";
import {
  countCauses,
  invalidValue,
  isDnsLabel,
  labelCauses,
  metadataCauses,
  podSpecCauses,
  requiredValue,
  unsupportedValue,
} from "../validation.ts";
import { withPodSpecDefaults } from "./pod.ts";

/** Fields of a Job that change nothing here; refusing them is more honest than a Job that behaves otherwise than on a real cluster. */
const unsupportedFields = ["podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes"];

/** Fills in what a real API server fills in (pkg/apis/batch/v1/defaults.go and the strategy's generateSelector). */
export function withJobDefaults(job: KubeObject): KubeObject {
  const spec = objectAt(job, "spec");
  const template = objectAt(spec, "template");
  const uid = textAt(job, "metadata", "uid");
  const name = textAt(job, "metadata", "name");
  const isQueue = spec.completions === undefined && spec.parallelism !== undefined;
  const ownLabels = objectAt(template, "metadata", "labels");
  const templateLabels: JsonObject = {
    ...ownLabels,
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const isManual = spec.manualSelector === true;
  // A Job without labels takes those of its template, before the generated ones are added (SetDefaults_Job).
  const hasLabels = Object.keys(objectAt(job, "metadata", "labels")).length > 0;
  const labels: JsonObject = hasLabels || Object.keys(ownLabels).length === 0 ? {} : { labels: ownLabels };
  return {
    ...job,
    metadata: { ...job.metadata, ...labels },
    spec: {
      parallelism: 1,
      ...(isQueue ? {} : { completions: 1 }),
      backoffLimit: 6,
      manualSelector: false,
      completionMode: "NonIndexed",
      suspend: false,
      podReplacementPolicy: "TerminatingOrFailed",
      ...(isManual ? {} : { selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } } }),
      ...spec,
      template: {
        ...template,
        metadata: { ...objectAt(template, "metadata"), labels: isManual ? ownLabels : templateLabels },
        spec: withPodSpecDefaults(objectAt(template, "spec")),
      },
    },
    status: {},
  };
}

/** Checks a Job as pkg/apis/batch/validation does; empty where it may be stored. */
export function jobCauses(job: KubeObject): Cause[] {
  const spec = at(job, "spec");
  const causes = metadataCauses(job, false);
  const counts = ["parallelism", "completions", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished"];
  causes.push(...countCauses(spec, "spec", counts, 0));
  const mode = textAt(spec, "completionMode");
  if (mode !== "NonIndexed" && mode !== "Indexed") {
    causes.push(unsupportedValue("spec.completionMode", mode, ["Indexed", "NonIndexed"]));
  }
  if (mode === "Indexed") causes.push(...indexedCauses(job));
  const policy = textAt(spec, "podReplacementPolicy");
  if (policy !== "Failed" && policy !== "TerminatingOrFailed") {
    causes.push(unsupportedValue("spec.podReplacementPolicy", policy, ["Failed", "TerminatingOrFailed"]));
  }
  for (const name of unsupportedFields) {
    if (at(spec, name) === undefined) continue;
    causes.push({
      reason: "FieldValueForbidden",
      message: "Forbidden: the embedded cluster does not support it",
      field: `spec.${name}`,
    });
  }
  causes.push(...labelCauses(at(spec, "template", "metadata", "labels"), "spec.template.labels"));
  causes.push(...podSpecCauses(at(spec, "template", "spec"), "spec.template.spec", true));
  return causes;
}

function indexedCauses(job: KubeObject): Cause[] {
  const completions = numberAt(job, "spec", "completions");
  if (completions === undefined) {
    return [requiredValue("spec.completions", "when completion mode is Indexed")];
  }
  // The host name of the last pod must be a DNS label.
  const name = textAt(job, "metadata", "name");
  const longest = `${name}-${Math.max(completions - 1, 0)}`;
  return isDnsLabel(longest)
    ? []
    : [invalidValue("metadata.name", name, `"${longest}" must be no more than 63 characters`)];
}

/** Checks a change of a Job's spec (ValidateJobSpecUpdate): what defines its pods never changes. */
export function jobUpdateCauses(before: KubeObject, after: KubeObject): Cause[] {
  const causes = jobCauses(after);
  for (const name of ["completions", "completionMode", "selector", "managedBy"]) {
    const value = at(after, "spec", name);
    if (isDeepStrictEqual(at(before, "spec", name), value) || isElastic(name, after)) continue;
    causes.push(invalidValue(`spec.${name}`, value ?? null, "field is immutable"));
  }
  const template = at(after, "spec", "template");
  const isOpen = at(before, "spec", "suspend") === true && at(before, "status", "startTime") === undefined;
  if (!isDeepStrictEqual(comparableTemplate(before, isOpen), comparableTemplate(after, isOpen))) {
    causes.push(invalidValue("spec.template", template ?? null, "field is immutable"));
  }
  return causes;
}

function isElastic(field: string, after: KubeObject): boolean {
  const isIndexed = at(after, "spec", "completionMode") === "Indexed";
  return field === "completions" && isIndexed && at(after, "spec", "completions") === at(after, "spec", "parallelism");
}

/** While a Job is suspended and never started, labels, annotations and scheduling of its pods may still change. */
function comparableTemplate(job: KubeObject, isOpen: boolean): Json {
  const template = objectAt(job, "spec", "template");
  if (!isOpen) return template;
  const { nodeSelector, affinity, tolerations, schedulingGates, ...spec } = objectAt(template, "spec");
  return { spec };
}

/** Says whether a Job has ended: Complete or Failed is True. */
export function isJobFinished(job: Json): boolean {
  const conditions = at(job, "status", "conditions");
  if (!Array.isArray(conditions)) return false;
  return conditions.some(
    (one) => isJsonObject(one) && one.status === "True" && (one.type === "Complete" || one.type === "Failed"),
  );
}
