import { z } from "zod";
import { MAX_INT32 } from "./kubernetes-rules.ts";

const WHOLE_NUMBER = `must be a whole number from 1 to ${MAX_INT32}`;
/** A query's values are text, a body's are numbers. */
const WholeNumber = z
  .union(
    [
      z.int(),
      z
        .string()
        .regex(/^\d{1,10}$/)
        .transform(Number),
    ],
    WHOLE_NUMBER,
  )
  .pipe(z.int().min(1, WHOLE_NUMBER).max(MAX_INT32, WHOLE_NUMBER))
  .meta({
    json: {
      anyOf: [
        { type: "integer", minimum: 1, maximum: MAX_INT32 },
        { type: "string", pattern: "^[0-9]{1,10}$" },
      ],
    },
  });

/** What narrows the rows of `job_logs`. */
export const LogFields = z.object({
  run: WholeNumber.optional().meta({ description: "The run's number; absent: the newest runs." }),
  pod_name: z.string("must be text").optional(),
  tail_lines: WholeNumber.optional().meta({ description: "The last lines of each row only." }),
});

/** Which run a cancel ends. */
export const CancelFields = z.object({ run: WholeNumber.meta({ description: "The run's number." }) });
