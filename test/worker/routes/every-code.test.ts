import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ErrorKind } from "../../../worker/errors.ts";
import { type Answer, call, clearTables, leastCreate, rowsWritten } from "./api.ts";
import { answerOf, callPlace, callPlaceRaw, codeOf, jobsAnswer, type Place, places, TOKEN } from "./every-code.ts";

/** Calls a place so that it refuses. */
type Provoke = (place: Place) => Promise<Answer>;

const JOB = "aaaaaaaaaaaaaaaaaaaaaaaaaa";
let tokens = 0;

beforeEach(async () => {
  await clearTables();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await rowsWritten();
});

/** A query's value that is wrong wherever one of these fields is taken. */
const WRONG_QUERY = "page_num=0&tail_lines=-1&force=maybe&suspend=maybe&run=0&event=x";
const WRONG_BODY = {
  jobs: [],
  force: "maybe",
  suspend: "maybe",
  run: 0,
  tail_lines: -1,
  schedule: "x",
  cluster: "A_B",
};

async function limited(place: Place): Promise<Answer> {
  tokens += 1;
  const token = `${TOKEN}-${tokens}`;
  const settings = { WATCHBELL_TOKEN: token, WATCHBELL_RATE_LIMIT: "1" };
  await call("/api/once_job/lists", { token, settings });
  return await callPlace(place, { token, settings });
}

async function late(place: Place): Promise<Answer> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("{")) });
  const answering = callPlace(place, { body, settings: {} });
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { interval: 1 });
  await vi.advanceTimersByTimeAsync(30_000);
  return await answering;
}

async function cutOff(place: Place): Promise<Answer> {
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error("the caller went away")) });
  return await callPlace(place, { body, settings: {} });
}

/** Takes a name, then asks for it again. */
async function taken(place: Place): Promise<Answer> {
  if (place.path.includes("/cluster/")) {
    await callPlace(place, { body: { cluster: "taken" } });
    return await callPlace(place, { body: { cluster: "taken" } });
  }
  const job_name = `taken-${place.path.replace(/\W/g, "")}`.slice(0, 40).replaceAll("_", "-");
  await call("/api/once_job/create", { body: leastCreate({ job_name }) });
  if (!place.path.endsWith("/update")) return await callPlace(place, { body: { job_name } });
  const kind = place.path.includes("cron") ? "cron_job" : "once_job";
  const own = leastCreate({ job_name: `own-${job_name}`.slice(0, 40), job_exec_time: "P1D", schedule: "0 3 * * *" });
  if (kind === "once_job") delete own.schedule;
  const { job_id: id } = Object((await call(`/api/${kind}/create`, { body: own })).data);
  return await callPlace(place, { id, body: { job_name } });
}

const CALLS = ["update", "updateCron", "delete", "rerun", "trigger", "cancelRun", "redeliver", "create"];

/** Where the job's object answers so, whatever it is asked. */
function told(answer: Record<string, unknown>, body: Record<string, unknown> = {}): Provoke {
  const answers = Object.fromEntries(CALLS.map((name) => [name, answer]));
  return async (place) => {
    const creation = { jobType: place.path.includes("cron") ? "cron" : "once", isDeleted: false };
    const known = place.path.endsWith("/update") ? { creation } : {};
    return await callPlace(place, { id: JOB, body, settings: jobsAnswer({ ...answers, ...known }) });
  };
}

/** A number that JSON can't say, in every answer that a job's object gives. */
const UNSAYABLE = jobsAnswer({
  ...{ delete: { answer: "deleted", outcome: 1n }, rerun: { answer: "rerun", run: 1n } },
  ...{ trigger: { answer: "triggered", run: 1n }, redeliver: { answer: "redelivered", run: 1n } },
  ...{ runs: { runs: [{ run: 1n, pods: [] }], total: 1 }, callbacks: [{ attempts: [{ at: 1n }] }] },
});

async function unsayable(place: Place): Promise<Answer> {
  if (!place.path.includes("/describe/")) return await callPlace(place, { id: JOB, settings: UNSAYABLE });
  const isCron = place.path.includes("cron");
  const definition = { timeout: 1n, execAt: 0, metadata: {}, ...(isCron && { cron: {} }) };
  const slots = { nextAt: null, lastExecAt: null, lastSuccessAt: null };
  const snapshot = { jobType: isCron ? "cron" : "once", definition, runs: [], ...(isCron && { slots }) };
  return await callPlace(place, { id: JOB, settings: jobsAnswer({ describe: snapshot }) });
}

const PROVOKE: Partial<Record<ErrorKind, Provoke>> = {
  unauthorized: async (place) => {
    await call("/api/cluster/create", { body: { cluster: "nowhere" } });
    return await callPlace(place, { token: null, ...upgraded(place) });
  },
  ipIllegal: (place) => callPlace(place, { settings: { WATCHBELL_ALLOWED_IPS: "203.0.113.7" } }),
  limitedFlow: limited,
  unknown: (place) => callPlace(place, { settings: { WATCHBELL_RATE_LIMIT: "many" } }),
  decode: (place) => callPlace(place, { query: "a=%FF" }),
  encode: unsayable,
  serverClosed: (place) => callPlace(place, { settings: { WATCHBELL_DRAINING: "1" } }),
  bodyUnreadable: cutOff,
  bodyTooLarge: (place) => callPlace(place, { body: " ".repeat(256 * 1024 + 1) }),
  bodyUndecodable: (place) => callPlace(place, { body: "{" }),
  overtime: late,
  jobIdMissing: (place) => callPlace(place, { id: null }),
  jobUnknown: (place) => callPlace(place),
  notFound: (place) => callPlace(place, upgraded(place)),
  upgradeRequired: (place) => callPlace(place),
  invalidParameter: (place) => callPlace(place, { id: JOB, query: WRONG_QUERY, headers: { "idempotency-key": "" } }),
  verifyJob: (place) =>
    place.verb === "GET" ? callPlace(place, { query: "count=0" }) : callPlace(place, wrongBody(place)),
  alreadyExists: taken,
  unknownRoute: told({}, { route: "nowhere" }),
  publish: told({ answer: "claim_too_old" }),
  genJob: told({ answer: "too_many_runs" }),
  deleteTimeout: told({ answer: "timeout" }),
  jobSubmitted: (place) => told({ answer: place.path.includes("/rerun/") ? "not_finished" : "submitted" })(place),
  deleteRefused: told({ answer: "refused", message: "forbidden by policy" }),
};

/** What the link of relays needs before it looks at anything else. */
function upgraded({ path }: Place) {
  return path.startsWith("/relay/") ? { headers: { upgrade: "websocket" } } : {};
}

/** A DELETE's fields stand in its query; what is wrong in its body is refused all the same. */
function wrongBody({ verb }: Place) {
  return verb === "DELETE" ? { id: JOB, rawBody: JSON.stringify(WRONG_BODY) } : { id: JOB, body: WRONG_BODY };
}

const CODES = new Map(Object.keys(PROVOKE).map((kind) => [codeOf(kind as ErrorKind), kind as ErrorKind]));
const CASES = places().flatMap((place) => place.codes.map((code) => ({ ...place, place, code })));

describe("every place of the document", () => {
  it.each(CASES)("$verb $path: $code", async ({ place, code }) => {
    const kind = CODES.get(code);
    const answer = kind && (await PROVOKE[kind]?.(place));

    expect(answer && `${answer.status} ${answer.code} ${answer.errorMsg}`).toBe(code);
    expect(answer?.cause).toMatch(/\S/);
    expect(answer?.data).toBeNull();
  });

  // A WebSocket and a stream that ends with its run have tests of their own.
  const answered = places().filter(({ path }) => !/^\/relay\/|\/follow$/.test(path));
  it.each(answered)("$verb $path: 200", async (place) => {
    const schema = answerOf(place);
    if (schema === null) {
      expect((await callPlaceRaw(place)).status).toBe(200);
      return;
    }

    const answer = await succeed(place);

    expect(answer).toMatchObject({ status: 200, code: 0, cause: "", errorMsg: "" });
    expect(schema.safeParse(answer.data).error?.issues ?? []).toEqual([]);
  });

  it("is there: more than fifty, with hundreds of documented refusals", () => {
    expect(places().length).toBeGreaterThan(50);
    expect(CASES.length).toBeGreaterThan(600);
  });
});

/** What the object of a job says where a place needs one whose run has ended, is under way, or has a callback. */
const GOOD = jobsAnswer({
  ...{ rerun: { answer: "rerun", run: 2 }, trigger: { answer: "triggered", run: 2 } },
  ...{ suspend: { answer: "suspended", suspend: true, nextAt: null } },
  ...{ cancelRun: { answer: "cancelled", outcome: "already_finished" } },
  ...{ redeliver: { answer: "redelivered", run: 1, event: "finished", id: "msg_1" } },
});

async function succeed(place: Place): Promise<Answer> {
  const { path } = place;
  if (/rerun|trigger|suspend|cancel|redeliver/.test(path)) return await callPlace(place, { id: JOB, settings: GOOD });
  if (path.includes("/rotate/")) await call("/api/cluster/create", { body: { cluster: "nowhere" } });
  if (!/describe|delete|update|job_runs|job_logs|job_callbacks/.test(path)) return await callPlace(place);
  const kind = path.includes("cron") ? "cron_job" : "once_job";
  tokens += 1;
  const rules = kind === "cron_job" ? { schedule: "0 3 * * *", job_exec_time: "" } : {};
  const body = leastCreate({ job_name: `good-${tokens}`, ...rules });
  const { job_id: id } = Object((await call(`/api/${kind}/create`, { body })).data);
  const force = path.includes("/delete/") ? "force=true" : "";
  return await callPlace(place, { id, query: force });
}
