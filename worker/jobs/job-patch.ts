import { type JobProblem, problemSentence } from "./job-problem.ts";
import { jobRulesProblem } from "./job-rules.ts";
import { shapeProblem } from "./job-shape.ts";
import { isDeeperThan, isJsonObject, type JsonObject, mergePatch } from "./merge-patch.ts";
import { OWN_ANNOTATION_PREFIX, RESERVED_LABELS } from "./reserved-keys.ts";

/** Far deeper than any field of a Job lies. */
const MAX_PATCH_DEPTH = 40;
const FIELD = "metadata.job_patch";

const NOT_THEIRS = "is not the caller's to set";
const OWN_SPEC_FIELDS: readonly string[] = [
  "ttlSecondsAfterFinished",
  "podReplacementPolicy",
  "suspend",
  "managedBy",
  "selector",
  "manualSelector",
];
/** An object of the Job that holds what is ours, and may thus neither be removed nor take another shape. */
type Place = {
  path: readonly string[];
  /** The keys that a patch may name; absent: all but `refused`. */
  allowed?: readonly string[];
  refused?: readonly string[];
  /** Nothing of ours is in it after all, only keys that look like ours are refused. */
  mayGo?: boolean;
};

const PLACES: readonly Place[] = [
  { path: [], allowed: ["metadata", "spec"] },
  { path: ["metadata"], allowed: ["labels", "annotations"] },
  { path: ["metadata", "labels"], refused: RESERVED_LABELS },
  { path: ["metadata", "annotations"] },
  { path: ["spec"], refused: OWN_SPEC_FIELDS },
  { path: ["spec", "template"], allowed: ["metadata", "spec"] },
  { path: ["spec", "template", "metadata"], allowed: ["labels", "annotations"] },
  { path: ["spec", "template", "metadata", "labels"], refused: RESERVED_LABELS },
  { path: ["spec", "template", "metadata", "annotations"], mayGo: true },
  { path: ["spec", "template", "spec"] },
];

/**
 * Why a caller's `job_patch` may not be applied whatever the job: it is no object, or it names what is ours (contract, part
 * 5). A sentence that names field and value; null: it may be. Pure.
 */
export function jobPatchProblem(patch: unknown): string | null {
  if (!isJsonObject(patch)) return `${FIELD} must be a JSON object`;
  if (isDeeperThan(patch, MAX_PATCH_DEPTH)) return `${FIELD} is nested more than ${MAX_PATCH_DEPTH} levels deep`;
  for (const place of PLACES) {
    const problem = placeProblem(patch, place);
    if (problem !== null) return problemSentence(FIELD, problem, patch);
  }
  return null;
}

function placeProblem(patch: JsonObject, place: Place): JobProblem | null {
  const { path } = place;
  const value = path.reduce<unknown>((inner, key) => (isJsonObject(inner) ? inner[key] : undefined), patch);
  if (value === undefined || (value === null && place.mayGo)) return null;
  if (!isJsonObject(value)) return { path, problem: "must be a JSON object: it holds what Watchbell sets" };
  for (const key of Object.keys(value)) {
    const isOurs = place.refused?.includes(key) || key.startsWith(OWN_ANNOTATION_PREFIX);
    if (isOurs || (place.allowed && !place.allowed.includes(key))) return { path: [...path, key], problem: NOT_THEIRS };
  }
  return null;
}

/** The patch, read back from the text it is kept as; null: the job has none. Throws where that is damaged. */
export function readJobPatch(text: string | undefined): JsonObject | null {
  if (text === undefined) return null;
  const patch: unknown = JSON.parse(text);
  const problem = jobPatchProblem(patch);
  if (problem !== null || !isJsonObject(patch)) throw new Error(problem ?? FIELD);
  return patch;
}

/**
 * The generated Job with the caller's merge patch (RFC 7396) on it: lists are replaced whole. Of a list of containers that
 * the patch gives, `main` gets from the generated one what it does not name itself: who only adds `resources` need not
 * repeat image, command, args and envs. A null inside a list is as good as absent, as for the API server. Pure.
 */
export function applyJobPatch(job: JsonObject, patch: JsonObject): JsonObject {
  const merged = mergePatch(job, patch);
  if (!isJsonObject(merged)) throw new Error(`${FIELD} left no object`);
  const main = mainOf(containersOf(job));
  const filled = mapContainers(merged, ["containers"], (container) => {
    return container.name === "main" ? { ...main, ...container } : container;
  });
  const clean = withoutNulls(filled);
  return isJsonObject(clean) ? clean : filled;
}

/** The first thing that the API server, or Watchbell, would not take of a patched Job: a sentence, or null. Pure. */
export function patchedJobProblem(job: JsonObject): string | null {
  const { metadata, spec } = job;
  const own = isJsonObject(metadata) ? metadata : {};
  const problem =
    shapeProblem(pick(own, "labels", "annotations"), "ObjectMeta", ["metadata"]) ??
    shapeProblem(spec, "JobSpec", ["spec"]) ??
    jobRulesProblem(job);
  return problem && problemSentence(FIELD, problem, job);
}

function pick(object: JsonObject, ...keys: string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => keys.includes(key)));
}

const POD = ["spec", "template", "spec"];

function containersOf(job: JsonObject): unknown {
  return [...POD, "containers"].reduce<unknown>((inner, key) => (isJsonObject(inner) ? inner[key] : undefined), job);
}

function mainOf(containers: unknown): JsonObject {
  const found: unknown = Array.isArray(containers)
    ? containers.find((one) => isJsonObject(one) && one.name === "main")
    : {};
  return isJsonObject(found) ? found : {};
}

/** The Job with the containers of those lists of its pod each changed; what has not their shape stays as it is. */
export function mapContainers(
  job: JsonObject,
  lists: readonly string[],
  change: (container: JsonObject) => JsonObject,
): JsonObject {
  const changed = (list: unknown[]) => list.map((one) => (isJsonObject(one) ? change(one) : one));
  return within(job, POD, (spec) =>
    Object.fromEntries(
      Object.entries(spec).map(([key, value]) => [
        key,
        lists.includes(key) && Array.isArray(value) ? changed(value) : value,
      ]),
    ),
  );
}

function within(object: JsonObject, path: readonly string[], change: (inner: JsonObject) => JsonObject): JsonObject {
  const [key, ...rest] = path;
  if (key === undefined) return change(object);
  const inner = object[key];
  return isJsonObject(inner) ? { ...object, [key]: within(inner, rest, change) } : object;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]));
}
