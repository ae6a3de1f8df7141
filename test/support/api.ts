import { Agent, fetch } from "undici";
import { z } from "zod";
import { until } from "./wait.ts";

const Envelope = z.object({ code: z.number(), cause: z.string(), error_msg: z.string(), data: z.unknown() });
const Created = z.object({ job_id: z.string() });
const Listed = z.object({ data: z.array(z.looseObject({ job_id: z.string(), job_name: z.string() })) });

const Run = z.looseObject({
  run: z.number(),
  status: z.string(),
  kube_job: z.string(),
  due_at: z.number(),
  fired_at: z.number().nullable(),
  sent_at: z.number().nullable(),
  created_at: z.number().nullable(),
  started_at: z.number().nullable(),
  finished_at: z.number().nullable(),
  lateness_ms: z.number().nullable(),
  reason: z.string(),
});

/** `describe`'s answer, as far as the tests look at it. */
export const Described = z.looseObject({
  job_id: z.string(),
  job_status: z.number(),
  job_times: z.number(),
  job_success_times: z.number(),
  job_exec_information: z.string(),
  status: z.string(),
  explain: z.string(),
  runs: z.array(Run),
});
export type Described = z.infer<typeof Described>;

const LogRows = z.array(
  z.looseObject({ id: z.number(), pod_name: z.string(), run_logs: z.string(), create_time: z.number() }),
);
export type LogRow = z.infer<typeof LogRows>[number];

/** One answer of the API, with its HTTP status. */
export type Answer = { http: number } & z.infer<typeof Envelope>;

/**
 * workerd ends a connection that nobody used for 5 s; a test process that stood still meanwhile would send its next call into the
 * one that is just being closed, so none is kept near that long.
 */
const CONNECTIONS = new Agent({ keepAliveTimeout: 1_000, keepAliveMaxTimeout: 1_000 });

/** What a caller does, over HTTP. */
export class Api {
  readonly url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.url = url;
    this.#token = token;
  }

  /** Any call; `body` as text is sent as it is. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      dispatcher: CONNECTIONS,
      method,
      headers: { authorization: `Bearer ${this.#token}`, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return { http: response.status, ...Envelope.parse(await response.json()) };
  }

  async #ok(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.call(method, path, body);
    if (answer.code !== 0) throw new Error(`${path} answered ${answer.http}/${answer.code}: ${answer.cause}`);
    return answer.data;
  }

  /** A once job; answers its id. */
  async create(fields: Record<string, unknown>): Promise<string> {
    const job = { namespace: "default", image: "busybox", job_exec_time: "0", ...fields };
    return Created.parse(await this.#ok("POST", "/api/once_job/create", job)).job_id;
  }

  async describe(jobId: string): Promise<Described> {
    return Described.parse(await this.#ok("GET", `/api/once_job/describe/${jobId}`));
  }

  async logs(jobId: string): Promise<LogRow[]> {
    return LogRows.parse(await this.#ok("GET", `/api/job_logs/${jobId}`));
  }

  /** The ids of the once jobs by their names, of at most 100 whose names begin so. */
  async idsOf(namePrefix: string): Promise<Map<string, string>> {
    const query = new URLSearchParams({ name_prefix: namePrefix, page_size: "100" });
    const { data } = Listed.parse(await this.#ok("GET", `/api/once_job/lists?${query}`));
    return new Map(data.map((row) => [row.job_name, row.job_id]));
  }

  async total(): Promise<number> {
    const page = z.object({ total: z.string() }).parse(await this.#ok("GET", "/api/once_job/lists"));
    return Number(page.total);
  }

  /** Waits for a `job_status`; an answer that does not come (a part is being restarted) is asked for again. */
  async untilStatus(jobId: string, jobStatus: number, withinMs = 20_000): Promise<Described> {
    let last = "";
    return await until(
      `job_status ${jobStatus} of ${jobId}`,
      async () => {
        const job = await this.describe(jobId);
        last = `${job.job_status}, ${job.explain}`;
        if (job.job_status === jobStatus) return job;
        throw new Error(last);
      },
      withinMs,
      50,
    );
  }
}
