import type { z } from "zod";
import { ROUTES } from "../../../worker/app.ts";
import { type ErrorKind, refusalFacts } from "../../../worker/errors.ts";
import { openApiDocument } from "../../../worker/openapi/document.ts";
import { entriesOf, isSchema } from "../../../worker/openapi/json-schema.ts";
import { OPERATIONS } from "../../../worker/openapi/operations.ts";
import { type Answer, type Call, call, callRaw, leastCreate } from "./api.ts";

/** One form of a path with one of its verbs, as the document has it. */
export type Place = { verb: string; path: string; codes: string[] };

export const TOKEN = "every-code-token";
const UNKNOWN = "zzzzzzzzzzzzzzzzzzzzzzzzzz";
let names = 0;

/** Every place of the API's document with the refusals it documents, such as `404 101 JobIdError`. */
export function places(): Place[] {
  return entriesOf(openApiDocument(ROUTES).paths).flatMap(([path, verbs]) =>
    entriesOf(verbs).map(([verb, operation]) => ({
      verb: verb.toUpperCase(),
      path,
      codes: entriesOf(isSchema(operation) ? operation.responses : {}).flatMap(([status, response]) => {
        const text = String(isSchema(response) ? response.description : "");
        const refusals = [...text.matchAll(/(?:^|\. )(\d{3}) (\w+): /g)];
        return refusals.map(([, code, name]) => `${status} ${code} ${name}`);
      }),
    })),
  );
}

/** The schema of a place's `data` on success; null: it answers no envelope. */
export function answerOf({ path }: Place): z.ZodType | null {
  const route = ROUTES.map(([, known]) => known).find((known) => {
    const forms = [known.replace(/:job_id\??/, "{job_id}"), known.replace(/:job_id\??/, "job_id")];
    return forms.some((form) => form.replace(":cluster", "{cluster}") === path);
  });
  const answer = OPERATIONS[route ?? ""]?.answer;
  return answer && "data" in answer ? answer.data : null;
}

/** How a refusal is named in the document. */
export function codeOf(kind: ErrorKind): string {
  const { status, code, errorMsg } = refusalFacts(kind);
  return `${status} ${code} ${errorMsg}`;
}

type Extra = {
  query?: string;
  rawBody?: string;
  body?: Record<string, unknown> | string | ReadableStream;
  id?: string | null;
} & Omit<Call, "body">;

/** What a place takes where nothing is wrong with it, beside the id. */
function goodFields(path: string): Record<string, unknown> {
  names += 1;
  const once = leastCreate({ job_name: `every-${names}` });
  if (path.includes("create_batch")) return { jobs: [once] };
  if (/cron_job\/(create|update)/.test(path)) return { ...once, job_exec_time: "", schedule: "0 3 * * *" };
  if (/once_job\/(create|update)/.test(path)) return { ...once, ...(path.endsWith("update") && { force: true }) };
  if (path.includes("/preview")) return { schedule: "0 3 * * *" };
  if (path.includes("/suspend")) return { suspend: true };
  if (path.includes("/cancel/")) return { run: 1 };
  if (path.endsWith("cluster/create")) return { cluster: `every-${names}` };
  return {};
}

/** Calls a place: the id stands where its form has it, the fields in the body of a POST and in the query of the others. */
export async function callPlace(place: Place, extra: Extra = {}): Promise<Answer> {
  return await call(...requestOf(place, extra));
}

/** As {@link callPlace}, for what is no envelope. */
export async function callPlaceRaw(place: Place, extra: Extra = {}): Promise<Response> {
  return await callRaw(...requestOf(place, extra));
}

function requestOf({ verb, path }: Place, extra: Extra): [string, Call] {
  const { query = "", body, rawBody, id = UNKNOWN, ...options } = extra;
  const filled = path.replace("{job_id}", id ?? "").replace("{cluster}", "nowhere");
  const takesId = path.endsWith("/update") || /\/job_id(\/|$)/.test(path);
  const fields = {
    ...goodFields(path),
    ...(takesId && id !== null && { job_id: id }),
    ...(typeof body === "object" && !(body instanceof ReadableStream) ? body : {}),
  };
  if (verb === "POST") {
    const text = typeof body === "string" || body instanceof ReadableStream ? body : JSON.stringify(fields);
    return [`${filled}${query && `?${query}`}`, { method: verb, body: text, ...options }];
  }
  const search = new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]));
  return [
    `${filled}?${query}&${search}`,
    { method: verb, ...(rawBody !== undefined && { body: rawBody }), ...options },
  ];
}

/** Settings in which every job's object answers so: by the name of the call, whatever the job. */
export function jobsAnswer(answers: Record<string, unknown>): Record<string, string> {
  const get = () => new Proxy({}, { get: (_, name) => async () => answers[String(name)] ?? null });
  const settings: Record<string, unknown> = { JOBS: { idFromName: (name: string) => name, get } };
  // The bindings of a test are text, but for this one.
  return settings as Record<string, string>;
}
