import { z } from "zod";
import { callbackOnProblem, DEFAULT_CALLBACK_ON } from "./callback-on.ts";
import { type EnvVar, parseEnvs } from "./env-vars.ts";
import {
  annotationKeyProblem,
  labelKeyProblem,
  labelValueProblem,
  MAX_INT32,
  textProblem,
} from "./kubernetes-rules.ts";
import { OWN_ANNOTATION_PREFIX, RESERVED_LABELS } from "./reserved-keys.ts";
import { ruledBy } from "./ruled-text.ts";
import { wholeNumberJson } from "./whole-number.ts";
import { parseWords } from "./words.ts";

/** A job's log limit, bytes: the default and the highest that may be asked for (contract, part 5). */
export const DEFAULT_LOG_LIMIT_BYTES = 10 * 1024 * 1024;
const MAX_LOG_LIMIT_BYTES = 64 * 1024 * 1024;
const MAX_PODS = 100_000;
/** Kubernetes allows 256 KiB of annotations in all; the last KiB is left to ours and the API server's. */
const MAX_ANNOTATION_BYTES = 255 * 1024;

const Scalar = z
  .union([z.string(), z.number(), z.boolean()], "must be text, a number, true or false")
  .transform(String);

function wholeNumber(min: number, max: number) {
  return Scalar.transform((text, context) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return String(value);
    context.addIssue({ code: "custom", message: `must be a whole number from ${min} to ${max}` });
    return z.NEVER;
  }).meta({ json: wholeNumberJson(min, max) });
}

/** One of a few words; what is no text is read as its text. */
function oneOf(words: readonly string[], more: readonly boolean[] = []) {
  const list = `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
  return ruledScalar((text) => (words.includes(text) ? null : `must be ${list}`)).meta({
    json: { enum: [...words, ...more] },
  });
}

/** As that of the top-level fields, for what may be a number or a truth value too. */
function ruledScalar(problemOf: (text: string) => string | null) {
  return ruledBy(Scalar, problemOf);
}

/** A JSON value given as text or as it is; kept as text. */
function jsonText(problemOf: (value: unknown) => string | null) {
  const given = z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())], "must be a JSON object");
  return given.transform((raw, context) => {
    const text = typeof raw === "string" ? raw : JSON.stringify(raw);
    const value = parseJson(text);
    const problem = value === undefined ? "must be JSON" : problemOf(value);
    if (problem === null) return text;
    context.addIssue({ code: "custom", message: problem });
    return z.NEVER;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const StringMap = z.record(z.string(), z.string());

function mapProblem(value: unknown, entryProblem: (key: string, text: string) => string | null): string | null {
  const parsed = StringMap.safeParse(value);
  if (!parsed.success) {
    const key = parsed.error.issues[0]?.path[0];
    if (key === undefined) return "must be a JSON object of strings";
    return `has for the key ${JSON.stringify(String(key))} something that must be a string`;
  }
  for (const [key, text] of Object.entries(parsed.data)) {
    const problem = entryProblem(key, text);
    if (problem !== null) return problem;
  }
  return null;
}

function labelProblem(key: string, text: string): string | null {
  const shown = JSON.stringify(key);
  if (RESERVED_LABELS.includes(key)) return `has the key ${shown}, which is not the caller's to set`;
  const keyProblem = labelKeyProblem(key);
  if (keyProblem !== null) return `has the key ${shown}, which ${keyProblem}`;
  const valueProblem = labelValueProblem(text);
  return (
    valueProblem && `has for the key ${shown} the value ${JSON.stringify(text.slice(0, 80))}, which ${valueProblem}`
  );
}

function annotationProblem(key: string): string | null {
  const shown = JSON.stringify(key);
  if (key.startsWith(OWN_ANNOTATION_PREFIX)) return `has the key ${shown}, which is not the caller's to set`;
  const problem = annotationKeyProblem(key);
  return problem && `has the key ${shown}, which ${problem}`;
}

function annotationsProblem(value: unknown): string | null {
  const problem = mapProblem(value, annotationProblem);
  if (problem !== null) return problem;
  const bytes = new TextEncoder().encode(Object.entries(StringMap.parse(value)).flat().join("")).length;
  return bytes > MAX_ANNOTATION_BYTES ? `has ${bytes} bytes, and must have at most ${MAX_ANNOTATION_BYTES}` : null;
}

function envsProblem(value: unknown): string | null {
  const parsed = parseEnvs(value);
  return "problem" in parsed ? parsed.problem : null;
}

function argsProblem(text: string): string | null {
  const parsed = parseWords(text);
  return "problem" in parsed ? parsed.problem : null;
}

/** The seed's metadata keys and ours; each becomes text. Empty and null values count as absent before they come here. */
export const OnceJobMetadata = z.strictObject(
  {
    labels: jsonText((value) => mapProblem(value, labelProblem))
      .optional()
      .meta({ description: "Labels of Job and Pod: a JSON object of strings, as it is or as text.", absent: true }),
    annotations: jsonText(annotationsProblem).optional().meta({
      description: "Annotations of Job and Pod: a JSON object of strings, as it is or as text.",
      absent: true,
    }),
    parallelism: wholeNumber(1, MAX_PODS).default("1").meta({ absent: true }),
    completions: wholeNumber(1, MAX_PODS).default("1").meta({ absent: true }),
    completion_mode: oneOf(["NonIndexed", "Indexed"]).default("NonIndexed").meta({ absent: true }),
    restart_policy: oneOf(["Never", "OnFailure"]).default("Never").meta({ absent: true }),
    active_deadline_seconds: wholeNumber(1, MAX_INT32)
      .optional()
      .meta({ description: "Seconds that the run may take; default: timeout, else 300.", absent: true }),
    backoff_limit: wholeNumber(0, MAX_INT32)
      .default("1")
      .meta({ description: "How often Kubernetes may try again after a failure.", absent: true }),
    ttl_seconds_after_finished: wholeNumber(0, MAX_INT32)
      .default("300")
      .meta({ description: "Seconds that the Kubernetes Job is kept after its end was reported.", absent: true }),
    envs: jsonText(envsProblem).optional().meta({
      description: "A JSON object of strings, or an array of Kubernetes EnvVar; as it is or as text.",
      absent: true,
    }),
    log_collect: oneOf(["true", "false"], [true, false])
      .default("false")
      .meta({ description: "Logs of all pods; those of failed pods are always collected.", absent: true }),
    log_limit_bytes: wholeNumber(1, MAX_LOG_LIMIT_BYTES)
      .default(String(DEFAULT_LOG_LIMIT_BYTES))
      .meta({ description: "Of each container's log; head and tail are kept.", absent: true }),
    args: ruledScalar((text) => textProblem(text) ?? argsProblem(text))
      .optional()
      .meta({ description: "As command.", absent: true }),
    callback_url: ruledScalar(textProblem).optional().meta({
      description: "Called when a run has ended: https, port 443 or above 1023, a public name.",
      absent: true,
    }),
    callback_on: ruledScalar(callbackOnProblem)
      .default(DEFAULT_CALLBACK_ON)
      .meta({ description: "Comma list of success, failure, cancelled, skipped, late.", absent: true }),
    on_lost: oneOf(["fail", "rerun"]).default("fail").meta({
      description: "What becomes of a run whose Kubernetes Job vanished; rerun: at most 3 times.",
      absent: true,
    }),
    job_patch: jsonText(() => null)
      .optional()
      .meta({ description: "A JSON merge patch on the Job; what it makes must be a valid Job.", absent: true }),
  },
  "must be a JSON object",
);

/** A definition's labels, annotations or envs, read back from the text they are kept as; throws where that is damaged. */
export function readStringMap(text: string | undefined): Record<string, string> {
  return text === undefined ? {} : StringMap.parse(JSON.parse(text));
}

/** A definition's environment variables, read back from the text they are kept as; throws where that is damaged. */
export function readEnvs(text: string | undefined): EnvVar[] {
  if (text === undefined) return [];
  const parsed = parseEnvs(JSON.parse(text));
  if ("problem" in parsed) throw new Error(`metadata.envs ${parsed.problem}`);
  return parsed.variables;
}
