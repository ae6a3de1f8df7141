import { z } from "zod";
import { Flag } from "./cron-job-fields.ts";
import { MAX_INT32 } from "./kubernetes-rules.ts";
import { CALLBACK_EVENTS } from "./lifecycle-callback.ts";
import { wholeNumberBetween } from "./whole-number.ts";

/** What narrows the rows of `job_logs`. */
export const LogFields = z.object({
  run: wholeNumberBetween(1, MAX_INT32)
    .optional()
    .meta({ description: "The run's number; absent: the newest runs that fit into one answer." }),
  pod_name: z.string("must be text").optional(),
  tail_lines: wholeNumberBetween(1, MAX_INT32).optional().meta({ description: "The last lines of each row only." }),
});

/** Which run is followed, and from where on. */
export const FollowFields = z.object({
  run: wholeNumberBetween(1, MAX_INT32)
    .optional()
    .meta({ description: "The run's number; absent: the newest run, or the one that the last event's id is of." }),
  last_event_id: z
    .string("must be text")
    .optional()
    .meta({ description: "As the header Last-Event-ID, for callers who can't set one; the header wins." }),
});

/** Whether a cron job is suspended. */
export const SuspendFields = z.object({ suspend: Flag });

/** Which run a cancel ends. */
export const CancelFields = z.object({
  run: wholeNumberBetween(1, MAX_INT32).meta({ description: "The run's number." }),
});

/** Which callback is sent again: the newest of those that fit. */
export const RedeliverFields = z.object({
  run: wholeNumberBetween(1, MAX_INT32).optional().meta({ description: "The run's number." }),
  event: z.enum(CALLBACK_EVENTS, `must be one of ${CALLBACK_EVENTS.join(", ")}`).optional(),
});
