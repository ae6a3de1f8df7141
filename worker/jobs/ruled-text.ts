import type { z } from "zod";

/** Text with a rule of its own, whose problem is the end of a sentence; `base` says what is read as text. */
export function ruledBy(base: z.ZodType<string>, problemOf: (text: string) => string | null) {
  return base.superRefine((text, context) => {
    const problem = problemOf(text);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });
}
