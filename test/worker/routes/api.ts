import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, vi } from "vitest";
import worker from "../../../worker/index.ts";

/** An answer of the API, taken apart. `data` is whatever the route gives. */
export type Answer = {
  status: number;
  headers: Headers;
  code: number;
  cause: string;
  errorMsg: string;
  data: unknown;
};

/** A request to the API as its tests write it; a body that is no text is sent as JSON. */
export type Call = {
  method?: string;
  /** null: no header at all. */
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
  /** Variables that differ from the test's own. */
  settings?: Record<string, string>;
};

/** Calls the Worker's own handler inside workerd with the test's token and gives the envelope apart. */
export async function call(path: string, options: Call = {}): Promise<Answer> {
  const response = await callRaw(path, options);
  const envelope: Record<string, unknown> = await response.json();
  return {
    status: response.status,
    headers: response.headers,
    code: Number(envelope.code),
    cause: String(envelope.cause),
    errorMsg: String(envelope.error_msg),
    data: envelope.data,
  };
}

/** As {@link call}, with the response as it came. */
export async function callRaw(path: string, options: Call = {}): Promise<Response> {
  const { method = "POST", token = "test-token", body, headers = {}, settings } = options;
  const isText = typeof body === "string" || body instanceof ReadableStream;
  const request = new Request(`https://watchbell.test${path}`, {
    method,
    headers: { ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  });
  if (!settings) return await exports.default.fetch(request);
  const context = createExecutionContext();
  const response = await worker.fetch(request, { ...env, ...settings }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** The least create that fits; its time is far enough ahead that nothing of it is ever sent. */
export function leastCreate(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    job_name: "hello",
    job_exec_time: "P1D",
    namespace: "default",
    image: "busybox",
    command: "echo,hi",
    ...changes,
  };
}

/** Everything that a refused create must not have left behind. */
export async function storedRows(): Promise<{ claims: number; jobs: number }> {
  const counts = await env.DB.prepare(
    "SELECT (SELECT COUNT(*) FROM name_claims) AS claims, (SELECT COUNT(*) FROM jobs) AS jobs",
  ).first<{ claims: number; jobs: number }>();
  return counts ?? { claims: -1, jobs: -1 };
}

/** Empties the tables of D1: the files of this project share them. */
export async function clearTables(): Promise<void> {
  await env.DB.exec("DELETE FROM name_claims; DELETE FROM jobs; DELETE FROM clusters; DELETE FROM sweep_cursor");
}

/** Waits until every created job has written its index row, which follows the answer: so none lands in the next test. */
export async function rowsWritten(): Promise<void> {
  await vi.waitFor(async () => {
    const missing = await env.DB.prepare(
      "SELECT job_name FROM name_claims WHERE job_id NOT IN (SELECT job_id FROM jobs)",
    ).all();
    expect(missing.results).toEqual([]);
  }, 10_000);
}
