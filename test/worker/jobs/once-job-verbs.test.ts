import { describe, expect, it } from "vitest";
import { failureOf } from "../../../worker/errors.ts";
import type { CancelRunAnswer, RerunAnswer, UpdateAnswer } from "../../../worker/jobs/calls.ts";
import { cancelledOf } from "../../../worker/jobs/cancel-run.ts";
import { rerunOf } from "../../../worker/jobs/rerun-once-job.ts";
import { updatedOf } from "../../../worker/jobs/update-once-job.ts";

/** How the API refuses what is thrown. */
async function refusalOf(act: () => unknown): Promise<unknown> {
  try {
    act();
  } catch (error) {
    const response = failureOf(error);
    return { status: response.status, ...Object(await response.json()) };
  }
  throw new Error("nothing was refused");
}

describe("what the API says to the answers of a job's object", () => {
  it("puts them into words and data where there is nothing to refuse", () => {
    const dueAt = Date.UTC(2026, 10, 24, 12);
    const updated: UpdateAnswer = { answer: "updated", outcome: "removed_from_cluster", run: 2, dueAt };

    expect(updatedOf("abc", updated)).toBe(
      "removed_from_cluster: job abc is submitted anew as run 2, due at 2026-11-24T12:00:00.000Z.",
    );
    expect(rerunOf("abc", { answer: "rerun", run: 3 })).toEqual({ job_id: "abc", run: 3 });
    expect(cancelledOf("abc", 4, { answer: "cancelled", outcome: "already_finished" })).toEqual({
      run: 4,
      outcome: "already_finished",
    });
    const unknown = { answer: "unknown" } as const;
    expect([updatedOf("abc", unknown), rerunOf("abc", unknown), cancelledOf("abc", 1, unknown)]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it.each<[UpdateAnswer, number, number, string]>([
    [{ answer: "deleted" }, 404, 101, "deleted"],
    [{ answer: "submitted" }, 409, 254, "force"],
    [{ answer: "claim_first", id: 1 }, 503, 251, "nothing was changed"],
    [{ answer: "claim_too_old" }, 503, 251, "nothing was changed"],
    [{ answer: "timeout" }, 504, 253, "the update is accepted"],
    [{ answer: "refused", message: "jobs is forbidden" }, 502, 255, "jobs is forbidden"],
  ])("refuses an update: %j", async (answer, status, code, words) => {
    expect(await refusalOf(() => updatedOf("abc", answer))).toMatchObject({
      status,
      code,
      cause: expect.stringContaining(words),
    });
  });

  it.each<[RerunAnswer, number, number]>([
    [{ answer: "deleted" }, 404, 101],
    [{ answer: "not_finished" }, 409, 254],
    [{ answer: "too_many_runs" }, 422, 252],
  ])("refuses a rerun: %j", async (answer, status, code) => {
    expect(await refusalOf(() => rerunOf("abc", answer))).toMatchObject({ status, code });
  });

  it.each<[CancelRunAnswer, number, number, string]>([
    [{ answer: "unknown_run" }, 404, 101, "no run 7"],
    [{ answer: "timeout" }, 504, 253, "it is being cancelled all the same"],
    [{ answer: "refused", message: "jobs is forbidden" }, 502, 255, "jobs is forbidden"],
  ])("refuses a cancel: %j", async (answer, status, code, words) => {
    expect(await refusalOf(() => cancelledOf("abc", 7, answer))).toMatchObject({
      status,
      code,
      cause: expect.stringContaining(words),
    });
  });
});
