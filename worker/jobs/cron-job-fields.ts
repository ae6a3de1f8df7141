import { z } from "zod";
import type { CronRules } from "./definition.ts";
import { parseExecTime } from "./exec-time.ts";
import { DNS_LABEL, dnsLabelProblem } from "./kubernetes-rules.ts";
import { nextSlotOf } from "./lifecycle-slot-clock.ts";
import {
  definitionOf,
  fieldsProblem,
  ONCE_OPTIONS,
  OnceJobFields,
  type ParsedFields,
  ruledText,
  withoutEmptyOptions,
} from "./once-job-fields.ts";
import { shown } from "./sentences.ts";
import { oneWordOf, SLOT_RULE_FIELDS, SLOT_RULE_OPTIONS } from "./slot-rule-fields.ts";
import { wholeNumberBetween } from "./whole-number.ts";

/** A slot's name adds up to 11 characters, and a Kubernetes name has 63. */
const MAX_JOB_NAME_LENGTH = 52;

const Moment = z.union([z.string(), z.number()], "must be text or a number").default("");

/** true or false, as text too, as protobuf's clients may send it. */
export const Flag = z
  .union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")], "must be true or false")
  .meta({ json: { anyOf: [{ type: "boolean" }, { enum: ["true", "false"] }] } });

/** The body of a cron job's create, field by field: the seed's, and ours (contract, part 5). */
export const CronJobFields = OnceJobFields.extend({
  job_name: ruledText((name) => dnsLabelProblem(name, MAX_JOB_NAME_LENGTH)).meta({
    description:
      "Unique among the jobs of its namespace that are not deleted. A slot's Kubernetes Job is <job_name>-<slot>.",
    json: { type: "string", pattern: DNS_LABEL, maxLength: MAX_JOB_NAME_LENGTH },
  }),
  ...SLOT_RULE_FIELDS,
  job_exec_time: Moment.meta({
    description: "The earliest slot: unix seconds, RFC 3339, or a duration from now; empty, 0 or past: now.",
    absent: true,
  }),
  job_end_time: Moment.meta({ description: "No slot after it, in the same forms; empty or 0: no end.", absent: true }),
  concurrency_policy: oneWordOf(["Allow", "Forbid", "Replace", "Queue"]).default("Forbid").meta({
    description: "What becomes of a slot while another run of the job is open.",
    absent: true,
  }),
  misfire_policy: oneWordOf(["skip", "latest", "all"]).default("latest").meta({
    description: "Which missed slots run once their cluster can be reached.",
    absent: true,
  }),
  misfire_limit: wholeNumberBetween(1, 100).default(10).meta({
    description: "How many missed slots misfire_policy all runs: the newest.",
    absent: true,
  }),
  suspend: Flag.default(false).meta({ description: "Slots are recorded, and do not run.", absent: true }),
});

const OPTIONS = [
  ...ONCE_OPTIONS,
  ...SLOT_RULE_OPTIONS,
  "job_exec_time",
  "job_end_time",
  "concurrency_policy",
  "misfire_policy",
  "misfire_limit",
  "suspend",
];

/** Checks a cron job's create or update and fills in every default (contract, part 5). Pure; `now` epoch ms. */
export function parseCronJobFields(
  body: Record<string, unknown>,
  now: number,
  options: { allowPrivateCallbacks: boolean },
): ParsedFields {
  const parsed = CronJobFields.safeParse(withoutEmptyOptions(body, OPTIONS));
  if (!parsed.success) return { problem: fieldsProblem(parsed.error, body) };
  const fields = parsed.data;
  const earliest = parseExecTime(fields.job_exec_time, now);
  if ("problem" in earliest) return { problem: `job_exec_time ${shown(fields.job_exec_time)} ${earliest.problem}` };
  const end = parseEnd(fields.job_end_time, now);
  if ("problem" in end) return { problem: `job_end_time ${shown(fields.job_end_time)} ${end.problem}` };
  const cron: CronRules = {
    schedule: fields.schedule.trim(),
    timeZone: fields.time_zone,
    dstGap: fields.dst_gap,
    dstOverlap: fields.dst_overlap,
    concurrencyPolicy: fields.concurrency_policy,
    misfirePolicy: fields.misfire_policy,
    misfireLimit: fields.misfire_limit,
    suspend: fields.suspend,
    earliestAt: earliest.execAt > now ? earliest.execAt : null,
    endAt: end.at,
  };
  const problem = slotsProblem(cron, fields.job_end_time, now);
  return problem === null ? definitionOf(fields, { execAt: earliest.execAt, cron }, options) : { problem };
}

function parseEnd(value: string | number, now: number): { at: number | null } | { problem: string } {
  if (String(value).trim() === "" || Number(value) === 0) return { at: null };
  const parsed = parseExecTime(value, now);
  if ("problem" in parsed) return parsed;
  return parsed.execAt > now ? { at: parsed.execAt } : { problem: "is past, so that the job would have no slot" };
}

/** A job without any slot would be a mistake that nobody hears of. `end`: the job's end as it was given. */
function slotsProblem(cron: CronRules, end: string | number, now: number): string | null {
  const tried = { ...cron, suspend: false };
  if (nextSlotOf({ ...tried, endAt: null }, now) === null) {
    return `schedule ${shown(cron.schedule)} has no slot: its days never come, or dst_gap drops all of them`;
  }
  if (nextSlotOf(tried, now) !== null) return null;
  return `job_end_time ${shown(end)} is before the first slot of schedule ${shown(cron.schedule)}`;
}
