import { describe, expect, it } from "vitest";
import { failureOf } from "../../../worker/errors.ts";
import type { SuspendAnswer, TriggerAnswer, UpdateCronAnswer } from "../../../worker/jobs/calls.ts";
import { suspendedOf } from "../../../worker/jobs/suspend-cron-job.ts";
import { triggeredOf } from "../../../worker/jobs/trigger-cron-job.ts";
import { updatedCronOf } from "../../../worker/jobs/update-cron-job.ts";

/** How the API refuses what is thrown. */
async function refusalOf(act: () => unknown): Promise<Record<string, unknown>> {
  try {
    act();
  } catch (error) {
    const response = failureOf(error);
    const retryAfter = response.headers.get("retry-after");
    return { status: response.status, retryAfter, ...Object(await response.json()) };
  }
  throw new Error("nothing was refused");
}

const NEXT_AT = Date.UTC(2026, 10, 25, 3);

describe("what the API says to the answers of a cron job's object", () => {
  it("begins an update's sentence with the outcome, and names the next slot", () => {
    const updated = { answer: "updated", outcome: "cancelled_before_dispatch", nextAt: NEXT_AT } as const;

    expect(updatedCronOf("abc", updated)).toBe(
      "cancelled_before_dispatch: job abc has its new definition; its next slot is at 2026-11-25T03:00:00.000Z.",
    );
    expect(updatedCronOf("abc", { ...updated, outcome: "already_finished", nextAt: null })).toBe(
      "already_finished: job abc has its new definition; no slot is to come.",
    );
  });

  it("says whether a job is suspended or goes on, and gives a trigger's run", () => {
    const suspended = { answer: "suspended", suspend: true, nextAt: null } as const;

    expect(suspendedOf("abc", suspended)).toBe("Job abc is suspended: its slots are recorded and do not run.");
    expect(suspendedOf("abc", { answer: "suspended", suspend: false, nextAt: NEXT_AT })).toBe(
      "Job abc goes on; its next slot is at 2026-11-25T03:00:00.000Z.",
    );
    expect(triggeredOf("abc", { answer: "triggered", run: 3 })).toEqual({ job_id: "abc", run: 3 });
  });

  it("is null where there is no such cron job", () => {
    const unknown = { answer: "unknown" } as const;

    expect([updatedCronOf("abc", unknown), suspendedOf("abc", unknown), triggeredOf("abc", unknown)]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it.each<[UpdateCronAnswer, number, number, string, string, string | null]>([
    [{ answer: "deleted" }, 404, 101, "JobIdError", "deleted", null],
    [{ answer: "behind" }, 504, 103, "OVERTIME", "nothing was changed", null],
    [{ answer: "too_many_open" }, 429, 104, "LIMITED_FLOW", "nothing was changed", "60"],
    [{ answer: "claim_first", id: 1 }, 503, 251, "PublishError", "nothing was changed", null],
    [{ answer: "claim_too_old" }, 503, 251, "PublishError", "nothing was changed", null],
    [{ answer: "timeout" }, 504, 253, "DeleteJobTimeoutError", "the update is accepted", null],
  ])("refuses an update: %j", async (answer, status, code, error_msg, words, retryAfter) => {
    const refusal = await refusalOf(() => updatedCronOf("abc", answer));

    expect(refusal).toMatchObject({ status, code, error_msg, retryAfter, cause: expect.stringContaining(words) });
  });

  it.each<[SuspendAnswer, number, number, string]>([
    [{ answer: "deleted" }, 404, 101, "JobIdError"],
    [{ answer: "behind" }, 504, 103, "OVERTIME"],
  ])("refuses a suspension: %j", async (answer, status, code, error_msg) => {
    expect(await refusalOf(() => suspendedOf("abc", answer))).toMatchObject({ status, code, error_msg });
  });

  it.each<[TriggerAnswer, number, number, string, string | null]>([
    [{ answer: "deleted" }, 404, 101, "JobIdError", null],
    [{ answer: "too_many_runs" }, 422, 252, "GenJobError", null],
    [{ answer: "too_many_open" }, 429, 104, "LIMITED_FLOW", "60"],
  ])("refuses a trigger: %j", async (answer, status, code, error_msg, retryAfter) => {
    const refusal = await refusalOf(() => triggeredOf("abc", answer));

    expect(refusal).toMatchObject({ status, code, error_msg, retryAfter });
  });
});
