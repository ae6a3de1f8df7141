import { z } from "zod";
import { callbackUrlProblem } from "./callback-url.ts";
import type { CronRules, Definition } from "./definition.ts";
import { parseExecTime } from "./exec-time.ts";
import { indexedNameProblem } from "./indexed-name.ts";
import { DNS_LABEL, dnsLabelProblem, MAX_INT32, textProblem } from "./kubernetes-rules.ts";
import { manifestProblem } from "./manifest.ts";
import { OnceJobMetadata } from "./once-job-metadata.ts";
import { ruledBy } from "./ruled-text.ts";
import { sentenceOf } from "./sentences.ts";
import { parseWords } from "./words.ts";

const MAX_JOB_NAME_LENGTH = 57;
const MAX_KUBE_NAME_LENGTH = 63;
const MAX_IMAGE_LENGTH = 1_024;
const DEFAULT_ACTIVE_DEADLINE_SECONDS = "300";

/** Fields that may be left out, or be empty. */
export const ONCE_OPTIONS = ["timeout", "route", "metadata", "starting_deadline_seconds"] as const;

const METADATA_KEYS: readonly string[] = Object.keys(OnceJobMetadata.shape);

/** Text with a rule of its own, whose problem is the end of a sentence. */
export function ruledText(problemOf: (text: string) => string | null) {
  return ruledBy(z.string("must be text"), problemOf);
}

function imageProblem(image: string): string | null {
  if (image === "") return "must name a container image";
  if (image.length > MAX_IMAGE_LENGTH)
    return `has ${image.length} characters, and must have at most ${MAX_IMAGE_LENGTH}`;
  return /[\s\p{Cc}]/u.test(image) ? "must contain neither blanks nor control characters" : textProblem(image);
}

function commandProblem(command: string): string | null {
  const parsed = parseWords(command);
  if ("problem" in parsed) return parsed.problem;
  if (!parsed.words[0]) return "must begin with the program to run";
  return textProblem(command) ?? textProblem(parsed.words.join(""));
}

export const WholeSeconds = z.int("must be a whole number of seconds");

/** The body of a create, field by field (seed, CreateRequest; `starting_deadline_seconds` is ours). */
export const OnceJobFields = z.strictObject(
  {
    job_name: ruledText((name) => dnsLabelProblem(name, MAX_JOB_NAME_LENGTH)).meta({
      description: "Unique among the jobs of its namespace that are not deleted. The Kubernetes Job has this name.",
      json: { type: "string", pattern: DNS_LABEL, maxLength: MAX_JOB_NAME_LENGTH },
    }),
    job_exec_time: z.union([z.string(), z.number()], "must be text or a number").meta({
      description: "Unix seconds, RFC 3339, or an ISO 8601 duration from now (PT15M); empty, 0 or past: now.",
    }),
    namespace: ruledText((name) => dnsLabelProblem(name, MAX_KUBE_NAME_LENGTH)).meta({
      json: { type: "string", pattern: DNS_LABEL, maxLength: MAX_KUBE_NAME_LENGTH },
    }),
    image: ruledText(imageProblem).meta({ json: { type: "string", minLength: 1, maxLength: MAX_IMAGE_LENGTH } }),
    command: ruledText(commandProblem).meta({
      description: "Split at commas; a value that starts with [ is a JSON array of strings instead.",
      json: { type: "string", minLength: 1 },
    }),
    timeout: WholeSeconds.min(0, "must not be negative")
      .max(MAX_INT32, `must be at most ${MAX_INT32}`)
      .default(0)
      .meta({
        description: "Seconds that the run may take; metadata.active_deadline_seconds wins. 0: absent.",
        absent: true,
      }),
    route: z.string("must be text").default("").meta({
      description: "The cluster that runs it; empty: any.",
      absent: true,
    }),
    metadata: OnceJobMetadata.prefault({}).meta({ absent: true }),
    starting_deadline_seconds: WholeSeconds.min(1, "must be at least 1")
      .max(MAX_INT32, `must be at most ${MAX_INT32}`)
      .nullable()
      .default(null)
      .meta({ description: "How late the run may still start; null: no limit.", absent: true }),
  },
  "must be a JSON object",
);

/** A checked definition, or one sentence that names field and value. */
export type ParsedFields = { definition: Definition } | { problem: string };

/**
 * Checks a create's body and fills in every default (contract, part 2). Pure; `now` epoch ms. Nothing that the API server
 * would refuse at the due time passes.
 */
export function parseOnceJobFields(
  body: Record<string, unknown>,
  now: number,
  options: { allowPrivateCallbacks: boolean },
): ParsedFields {
  const parsed = OnceJobFields.safeParse(withoutEmptyOptions(body, ONCE_OPTIONS));
  if (!parsed.success) return { problem: fieldsProblem(parsed.error, body) };
  const fields = parsed.data;
  const time = parseExecTime(fields.job_exec_time, now);
  if ("problem" in time) return { problem: `job_exec_time ${JSON.stringify(fields.job_exec_time)} ${time.problem}` };
  return definitionOf(fields, { execAt: time.execAt }, options);
}

/** The first thing that is wrong with a body, as one sentence. */
export function fieldsProblem({ issues }: z.ZodError, body: Record<string, unknown>): string {
  return sentenceOf(issues, body, METADATA_KEYS);
}

/** The definition that checked fields come to, of either kind of job, with every default filled in. */
export function definitionOf(
  fields: z.output<typeof OnceJobFields>,
  { execAt, cron }: Pick<Definition, "execAt" | "cron">,
  options: { allowPrivateCallbacks: boolean },
): ParsedFields {
  const metadata = filledIn(fields.metadata, fields.timeout);
  const problem =
    callbackProblem(metadata.callback_url, options.allowPrivateCallbacks) ??
    indexedProblem(fields.job_name, metadata, cron);
  if (problem !== null) return { problem };
  const definition: Definition = {
    jobName: fields.job_name,
    namespace: fields.namespace,
    image: fields.image,
    command: fields.command,
    timeout: fields.timeout,
    route: fields.route,
    metadata,
    execAt,
    startingDeadlineSeconds: fields.starting_deadline_seconds,
    ...(cron && { cron }),
  };
  const patched = manifestProblem(definition);
  return patched === null ? { definition } : { problem: patched };
}

/** Optional fields that are empty or null are as good as absent, as protobuf's clients send them. */
export function withoutEmptyOptions(
  body: Record<string, unknown>,
  options: readonly string[],
): Record<string, unknown> {
  const kept = { ...body };
  for (const field of options) {
    if (kept[field] === null || kept[field] === "") delete kept[field];
  }
  if (typeof kept.metadata === "object" && kept.metadata !== null && !Array.isArray(kept.metadata)) {
    kept.metadata = Object.fromEntries(
      Object.entries(kept.metadata).filter(
        ([key, value]) => !METADATA_KEYS.includes(key) || !(value === null || value === ""),
      ),
    );
  }
  return kept;
}

/** `timeout` is the same deadline as `active_deadline_seconds`; metadata wins. */
function filledIn(metadata: z.output<typeof OnceJobMetadata>, timeout: number): Record<string, string> {
  const deadline =
    metadata.active_deadline_seconds ?? (timeout > 0 ? String(timeout) : DEFAULT_ACTIVE_DEADLINE_SECONDS);
  const filled: Record<string, string> = {};
  for (const [key, value] of Object.entries({ ...metadata, active_deadline_seconds: deadline })) {
    if (value !== undefined) filled[key] = value;
  }
  return filled;
}

function callbackProblem(url: string | undefined, allowPrivate: boolean): string | null {
  const problem = url === undefined ? null : callbackUrlProblem(url, allowPrivate);
  return problem && `metadata.callback_url ${JSON.stringify(url)} ${problem}`;
}

function indexedProblem(jobName: string, metadata: Record<string, string>, cron?: CronRules): string | null {
  if (metadata.completion_mode !== "Indexed") return null;
  return indexedNameProblem(jobName, Number(metadata.completions), cron);
}
