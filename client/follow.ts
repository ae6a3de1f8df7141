import { envelopeOf } from "./envelope.ts";
import { pause } from "./pause.ts";
import { delayBeforeRetryMs } from "./retry.ts";
import { type ServerSentEvent, serverSentEvents } from "./server-sent-events.ts";
import type { WatchbellOptions } from "./watchbell.ts";
import { WatchbellError } from "./watchbell-error.ts";

const DEFAULT_RETRIES = 5;
/** The API breaks its silence every 5 s. */
const SILENCE_MS = 20_000;

/** Whose logs are followed; without `run` those of the newest run. */
export type FollowFields = { job_id: string; run?: number };

/** `lastEventId`: the follow goes on behind the event of that id. `signal` ends it. */
export type FollowOptions = { lastEventId?: string; signal?: AbortSignal };

/** A line without its newline, or the end with the run's status. */
export type FollowEvent =
  | { event: "line"; id: string; pod_name: string; container: string; text: string }
  | { event: "end"; status: string };

/** Follows the logs of a run over as many connections as it takes; see `Watchbell.follow`. */
export async function* followLogs(
  options: WatchbellOptions,
  fields: FollowFields,
  { lastEventId = "", signal }: FollowOptions = {},
): AsyncGenerator<FollowEvent, void> {
  if (fields.job_id === "") throw new TypeError("job_id is empty; a follow needs one.");
  let last = lastEventId;
  for (let failures = 0; ; ) {
    let problem: Failure;
    try {
      for await (const told of serverSentEvents(await opened(options, fields, last, signal), SILENCE_MS)) {
        failures = 0;
        last = told.id;
        const event = eventOf(told);
        if (event !== null) yield event;
        if (event?.event === "end") return;
      }
      problem = { error: new Error("the connection ended before the run did"), retryAfterMs: null };
    } catch (error) {
      signal?.throwIfAborted();
      problem = failureOf(error);
    }
    failures += 1;
    const isFinal = problem.error instanceof WatchbellError && !problem.error.isPassing;
    if (isFinal || failures > (options.retries ?? DEFAULT_RETRIES)) throw problem.error;
    await pause(delayBeforeRetryMs(failures, problem.retryAfterMs, Math.random()), signal);
  }
}

type Failure = { error: unknown; retryAfterMs: number | null };

/** A refusal, and when to come back. */
class Refused extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super("refused");
    this.failure = failure;
  }
}

function failureOf(error: unknown): Failure {
  return error instanceof Refused ? error.failure : { error, retryAfterMs: null };
}

async function opened(
  options: WatchbellOptions,
  { job_id, run }: FollowFields,
  lastEventId: string,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array>> {
  const headers = new Headers({ authorization: `Bearer ${options.token}`, accept: "text/event-stream" });
  if (lastEventId !== "") headers.set("last-event-id", lastEventId);
  const query = run === undefined ? "" : `?run=${run}`;
  const url = `${options.url.replace(/\/+$/, "")}/api/job_logs/${encodeURIComponent(job_id)}/follow${query}`;
  const send = options.fetch ?? ((to, how) => fetch(to, how));
  const response = await send(url, { headers, ...(signal && { signal }) });
  if (response.ok && response.body !== null) return response.body;
  const error = new WatchbellError(response.status, envelopeOf(await response.text()));
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  throw new Refused({ error, retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : null });
}

/** Null: an event of another kind, from a newer API. */
function eventOf({ event, data, id }: ServerSentEvent): FollowEvent | null {
  if (event !== "line" && event !== "end") return null;
  const told: { pod_name?: string; container?: string; text?: string; status?: string } = JSON.parse(data);
  const { pod_name = "", container = "", text = "", status = "" } = told;
  return event === "end" ? { event, status } : { event, id, pod_name, container, text };
}
