import { z } from "zod";
import { LABELS } from "../../protocol/words.ts";
import type { JobFilter } from "../db/job-lists.ts";
import { MOMENT_JSON, parseMoment } from "./exec-time.ts";
import { DNS_LABEL, dnsLabelProblem, labelKeyProblem, labelValueProblem, MAX_INT32 } from "./kubernetes-rules.ts";
import { CURSOR, type Cursor, parseCursor } from "./list-paging.ts";
import { firstRowIdAt } from "./new-ids.ts";
import { sentenceOf, shown } from "./sentences.ts";
import { wholeNumberBetween } from "./whole-number.ts";

/** Rows of a page of a list: at most, and where none is asked for (contract, part 2). */
export const MAX_PAGE_SIZE = 100;
const DEFAULT_PAGE_SIZE = 20;
const MAX_NAMESPACE_LENGTH = 63;
const MAX_CLUSTER_LENGTH = 40;
const MAX_NAME_LENGTH = 57;

const JOB_STATUS = "must be -1, 0, 1, 2 or 3";
const JOB_STATUSES = [-1, 0, 1, 2, 3] as const;

/** Text that is as good as absent where it is empty, as protobuf's clients send it. */
function filterText(problemOf: (text: string) => string | null) {
  const text = z.string("must be text").superRefine((value, context) => {
    const problem = value === "" ? null : problemOf(value);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });
  return text.transform((value) => (value === "" ? undefined : value)).optional();
}

function prefixProblem(prefix: string): string | null {
  if (prefix.length > MAX_NAME_LENGTH) {
    return `has ${prefix.length} characters, and must have at most ${MAX_NAME_LENGTH}`;
  }
  if (/^[a-z0-9][-a-z0-9]*$/.test(prefix)) return null;
  return "must be what a job_name can begin with: lower-case letters, digits and dashes, the first no dash";
}

function labelOf(text: string): { key: string; value: string } {
  const at = text.indexOf("=");
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

function labelProblem(text: string): string | null {
  if (!text.includes("=")) return "must be key=value";
  const { key, value } = labelOf(text);
  const known: readonly string[] = Object.values(LABELS);
  if (known.includes(key)) return `names ${key}, a label of ours that lists don't look at`;
  return labelKeyProblem(key) ?? labelValueProblem(value);
}

const LABEL_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]";
const DNS_PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL = `^$|^(${DNS_PART}([.]${DNS_PART})*/)?${LABEL_NAME}=(${LABEL_NAME})?$`;

const Moment = z.union([z.string(), z.number()], "must be text or a number").meta({ json: MOMENT_JSON });

/** What a list may be asked, in a query or a body. */
export const ListFields = z.strictObject({
  page_num: wholeNumberBetween(1, MAX_INT32)
    .default(1)
    .meta({ description: "Beside a cursor it says nothing, and is repeated in the answer." }),
  page_size: wholeNumberBetween(1, MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
  cursor: z
    .string("must be text")
    .default("")
    .meta({
      description: "The next_cursor of a page: goes on behind it.",
      json: { type: "string", pattern: `^$|${CURSOR.source}` },
    }),
  job_status: z
    .union(
      [
        z.int(),
        z
          .string()
          .regex(/^-?\d$/)
          .transform(Number),
      ],
      JOB_STATUS,
    )
    .pipe(z.literal(JOB_STATUSES, JOB_STATUS))
    .optional()
    .meta({ json: { enum: [...JOB_STATUSES, ...JOB_STATUSES.map(String)] } }),
  namespace: filterText((text) => dnsLabelProblem(text, MAX_NAMESPACE_LENGTH)).meta({
    json: { type: "string", pattern: `^$|${DNS_LABEL}`, maxLength: MAX_NAMESPACE_LENGTH },
  }),
  name_prefix: filterText(prefixProblem).meta({
    description: "What job_name begins with.",
    json: { type: "string", pattern: "^$|^[a-z0-9][-a-z0-9]*$", maxLength: MAX_NAME_LENGTH },
  }),
  cluster: filterText((text) => dnsLabelProblem(text, MAX_CLUSTER_LENGTH)).meta({
    json: { type: "string", pattern: `^$|${DNS_LABEL}`, maxLength: MAX_CLUSTER_LENGTH },
  }),
  from: Moment.default("").meta({
    description: "Created then or later: unix seconds, RFC 3339, or a duration from now (-PT1H).",
  }),
  to: Moment.default("").meta({ description: "Created in that second or earlier." }),
  label: filterText(labelProblem).meta({
    description: "key=value, one of metadata.labels.",
    json: { type: "string", pattern: LABEL },
  }),
});

/** What a list is asked, checked; ids stand for moments of creation. */
export type ListRequest = {
  filter: JobFilter;
  isFiltered: boolean;
  fromId: number | null;
  belowId: number | null;
  cursor: Cursor | null;
  pageNum: number;
  pageSize: number;
};

/** Checks what a list is asked; a problem is one sentence that names field and value. Pure; `now` epoch ms. */
export function parseListFields(fields: Record<string, unknown>, now: number): ListRequest | { problem: string } {
  const parsed = ListFields.safeParse(fields);
  if (!parsed.success) return { problem: sentenceOf(parsed.error.issues, fields) };
  const { page_num: pageNum, page_size: pageSize, cursor: cursorText, from, to, ...rest } = parsed.data;
  const cursor = parseCursor(cursorText);
  if (cursor === "wrong") return { problem: `cursor ${shown(cursorText)} is none that a list has answered` };
  const since = bound("from", from, now);
  const until = bound("to", to, now);
  if (typeof since === "object") return since;
  if (typeof until === "object") return until;
  const label = rest.label === undefined ? undefined : labelOf(rest.label);
  const filter = {
    jobStatus: rest.job_status,
    namespace: rest.namespace,
    namePrefix: rest.name_prefix,
    cluster: rest.cluster,
    label,
  };
  return {
    filter,
    isFiltered: Object.values(filter).some((wanted) => wanted !== undefined),
    fromId: from === "" ? null : firstRowIdAt(since),
    // create_time is shown in seconds, so the whole second belongs to the range.
    belowId: to === "" ? null : firstRowIdAt((Math.floor(until / 1_000) + 1) * 1_000),
    cursor,
    pageNum,
    pageSize,
  };
}

function bound(field: string, value: string | number, now: number): number | { problem: string } {
  if (value === "") return 0;
  const moment = parseMoment(value, now);
  return "problem" in moment ? { problem: `${field} ${shown(value)} ${moment.problem}` } : moment.at;
}
