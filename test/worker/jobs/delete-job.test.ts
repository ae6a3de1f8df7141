import { describe, expect, it } from "vitest";
import { failureOf } from "../../../worker/errors.ts";
import type { DeleteAnswer } from "../../../worker/jobs/calls.ts";
import { deletedOf } from "../../../worker/jobs/delete-job.ts";

describe("deletedOf", () => {
  it.each(["cancelled_before_dispatch", "removed_from_cluster", "already_finished"] as const)(
    "passes the outcome %s on",
    (outcome) => {
      expect(deletedOf("abc", { answer: "deleted", outcome })).toEqual({ job_id: "abc", outcome });
    },
  );

  it("is null where there is no such job", () => {
    expect(deletedOf("abc", { answer: "unknown" })).toBeNull();
  });

  it.each<[DeleteAnswer, number, number, string, string]>([
    [{ answer: "submitted" }, 409, 254, "JobSubmittedError", "force"],
    [{ answer: "timeout" }, 504, 253, "DeleteJobTimeoutError", "goes on"],
    [{ answer: "refused", message: "jobs is forbidden" }, 502, 255, "DeleteJobError", "jobs is forbidden"],
  ])("refuses %j", async (answer, status, code, errorMsg, word) => {
    const response = refusalOf(answer);

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, error_msg: errorMsg, cause: expect.stringContaining(word) });
  });

  function refusalOf(answer: DeleteAnswer): Response {
    try {
      deletedOf("abc", answer);
    } catch (error) {
      return failureOf(error);
    }
    throw new Error("nothing was refused");
  }
});
