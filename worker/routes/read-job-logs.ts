import type { Context } from "hono";
import { logError } from "../errors.ts";
import type { LogQuery } from "../jobs/calls.ts";
import { readJobLogs } from "../jobs/read-job-logs.ts";
import { LogFields } from "../jobs/run-fields.ts";
import { sentenceOf } from "../jobs/sentences.ts";
import { type AppEnv, type JobRequest, readJobRequest, unknownJob } from "./job-request.ts";

/** POST or GET /api/job_logs/:job_id → the log rows; `run`, `pod_name` and `tail_lines` narrow them. */
export async function readJobLogsRoute(c: Context<AppEnv>): Promise<Response> {
  const request = await readJobRequest(c);
  const { jobId } = request;
  const rows = await readJobLogs(c.env, jobId, logQueryOf(request));
  if (rows === null) throw unknownJob(jobId);
  const { readable, writable } = new IdentityTransformStream();
  c.executionCtx.waitUntil(
    writeEnvelope(rows, writable).catch((error) => logError(`the logs of job ${jobId} broke off`, error)),
  );
  return new Response(readable, { headers: { "content-type": "application/json" } });
}

function logQueryOf({ fields, refusalOf }: JobRequest): LogQuery {
  const parsed = LogFields.safeParse(fields);
  if (!parsed.success) {
    throw refusalOf(String(parsed.error.issues[0]?.path[0]), `${sentenceOf(parsed.error.issues, fields)}.`);
  }
  const { run, pod_name: podName, tail_lines: tailLines } = parsed.data;
  return {
    ...(run !== undefined && { run }),
    ...(podName !== undefined && { podName }),
    ...(tailLines !== undefined && { tailLines }),
  };
}

/** Puts the envelope around the rows as they pass; a source that breaks off breaks the answer off, so that no cut one looks whole. */
async function writeEnvelope(rows: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>): Promise<void> {
  const encoder = new TextEncoder();
  await writeText('{"code":0,"cause":"","error_msg":"","data":');
  await rows.pipeTo(writable, { preventClose: true });
  await writeText("}");
  await writable.close();

  async function writeText(text: string): Promise<void> {
    const writer = writable.getWriter();
    await writer.write(encoder.encode(text));
    writer.releaseLock();
  }
}
