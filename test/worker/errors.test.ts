import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { releaseName } from "../../worker/db/name-claims.ts";
import { ApiError, type ErrorKind, failure, failureOf, success } from "../../worker/errors.ts";

/** The contract's table (part 2), row by row. */
const TABLE: Record<ErrorKind, [code: number, errorMsg: string, status: number]> = {
  invalidParameter: [100, "InvalidParameter", 400],
  unauthorized: [100, "InvalidParameter", 401],
  forbidden: [100, "InvalidParameter", 403],
  notFound: [100, "InvalidParameter", 404],
  wrongVerb: [100, "InvalidParameter", 405],
  upgradeRequired: [100, "InvalidParameter", 426],
  jobIdMissing: [101, "JobIdError", 400],
  jobUnknown: [101, "JobIdError", 404],
  bodyUnreadable: [102, "BodyReadError", 400],
  bodyTooLarge: [102, "BodyReadError", 413],
  ipIllegal: [102, "IP_ILLEGAL", 403],
  bodyUndecodable: [103, "BodyDecodeError", 400],
  overtime: [103, "OVERTIME", 504],
  verifyJob: [104, "VerifyJobError", 422],
  limitedFlow: [104, "LIMITED_FLOW", 429],
  alreadyExists: [105, "AlreadyExistsError", 409],
  serverClosed: [106, "ServerClosedError", 503],
  unknownRoute: [107, "ForwarderUrlError", 400],
  unknown: [110, "UNKNOWN_ERR", 500],
  decode: [120, "DECODE_ERR", 400],
  encode: [130, "ENCODE_ERR", 500],
  publish: [251, "PublishError", 503],
  genJob: [252, "GenJobError", 422],
  deleteTimeout: [253, "DeleteJobTimeoutError", 504],
  jobSubmitted: [254, "JobSubmittedError", 409],
  deleteRefused: [255, "DeleteJobError", 502],
};

describe("a refusal", () => {
  it.each(Object.entries(TABLE))("%s answers %j", async (kind, [code, errorMsg, status]) => {
    const response = failure(new ApiError(kindOf(kind), "Because."));

    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ code, cause: "Because.", error_msg: errorMsg, data: null });
  });

  it("carries its headers", () => {
    const response = failure(new ApiError("limitedFlow", "Too many.", { "retry-after": "7" }));

    expect(response.headers.get("retry-after")).toBe("7");
  });

  function kindOf(name: string): ErrorKind {
    const kind = (Object.keys(TABLE) as ErrorKind[]).find((one) => one === name);
    if (!kind) throw new Error(`no kind ${name}`);
    return kind;
  }
});

describe("anything else that is thrown", () => {
  it.each([new Error("password is hunter2"), "hunter2", { secret: "hunter2" }, undefined])(
    "answers 110 in fixed words and goes to the log: %o",
    async (thrown) => {
      const log = vi.spyOn(console, "error").mockImplementation(() => undefined);

      const response = failureOf(thrown);

      const text = await response.text();
      expect(response.status).toBe(500);
      expect(JSON.parse(text)).toMatchObject({ code: 110, error_msg: "UNKNOWN_ERR", data: null });
      expect(text).not.toContain("hunter2");
      expect(log).toHaveBeenCalledOnce();
      log.mockRestore();
    },
  );
});

describe("the log of an error", () => {
  it("names the cause of a failed query and where it was asked, and none of its parameters", async () => {
    const lines: string[] = [];
    const log = vi.spyOn(console, "error").mockImplementation((line) => void lines.push(String(line)));
    const held = { namespace: "default", jobName: "hunter2", jobId: "a" };
    await env.DB.exec("ALTER TABLE name_claims RENAME TO name_claims_away");

    const failed = await releaseName(env.DB, held).catch((error: unknown) => error);
    await env.DB.exec("ALTER TABLE name_claims_away RENAME TO name_claims");
    failureOf(failed);
    log.mockRestore();

    expect(String(failed)).toContain("hunter2");
    expect(lines.join()).toMatch(/no such table: name_claims.*releaseName/);
    expect(lines.join()).not.toContain("hunter2");
  });
});

describe("success", () => {
  it("is code 0 with empty words", async () => {
    const response = success({ job_id: "a" });

    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ code: 0, cause: "", error_msg: "", data: { job_id: "a" } });
  });
});
