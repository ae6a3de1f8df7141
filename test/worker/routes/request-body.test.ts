import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { call, clearTables, leastCreate, storedRows } from "./api.ts";

/** A body that comes in pieces, without a length known ahead. */
function streamOf(...pieces: string[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      controller.close();
    },
  });
}

beforeEach(clearTables);
afterEach(() => {
  vi.useRealTimers();
});

describe("a create's body", () => {
  it.each<[string, unknown, { status: number; code: number; errorMsg: string }, string]>([
    ["none", undefined, { status: 400, code: 102, errorMsg: "BodyReadError" }, "no body"],
    ["empty", "", { status: 400, code: 102, errorMsg: "BodyReadError" }, "no body"],
    ["no JSON", "{job_name: hello}", { status: 400, code: 103, errorMsg: "BodyDecodeError" }, "not JSON"],
    ["JSON that breaks off", '{"job_name": "hel', { status: 400, code: 103, errorMsg: "BodyDecodeError" }, "not JSON"],
    ["an array", [], { status: 400, code: 103, errorMsg: "BodyDecodeError" }, "an array"],
    ["text", '"x"', { status: 400, code: 103, errorMsg: "BodyDecodeError" }, "a string"],
    ["null", "null", { status: 400, code: 103, errorMsg: "BodyDecodeError" }, "null"],
    [
      "nested without end",
      `{"metadata":${"[".repeat(65)}${"]".repeat(65)}}`,
      { status: 400, code: 103, errorMsg: "BodyDecodeError" },
      "nested",
    ],
    ["an object without fields", {}, { status: 422, code: 104, errorMsg: "VerifyJobError" }, "job_name is missing"],
  ])("that is %s is refused and stores nothing", async (_name, body, expected, word) => {
    const answer = await call("/api/once_job/create", { body });

    expect(answer).toMatchObject({ ...expected, cause: expect.stringContaining(word), data: null });
    expect(await storedRows()).toEqual({ claims: 0, jobs: 0 });
  });

  it("that is no UTF-8 is 103", async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array([0x7b, 0xff, 0x7d]));
        controller.close();
      },
    });

    const answer = await call("/api/once_job/create", { body });

    expect(answer).toMatchObject({ status: 400, code: 103 });
  });

  it("of 256 KiB and a byte is 413", async () => {
    const answer = await call("/api/once_job/create", { body: paddedTo(256 * 1024 + 1) });

    expect(answer).toMatchObject({ status: 413, code: 102, errorMsg: "BodyReadError" });
    expect(answer.cause).toContain("262144");
  });

  it("of 256 KiB is read", async () => {
    const answer = await call("/api/once_job/create", { body: paddedTo(256 * 1024) });

    expect(answer).toMatchObject({ status: 422, code: 104, cause: expect.stringContaining("padding") });
  });

  it("is counted as it comes where it does not tell its length", async () => {
    const answer = await call("/api/once_job/create", { body: streamOf("{", " ".repeat(300 * 1024), "}") });

    expect(answer).toMatchObject({ status: 413, code: 102 });
  });

  it("that is cut off is 102", async () => {
    const body = new ReadableStream({
      pull(controller) {
        controller.error(new Error("the caller went away"));
      },
    });

    const answer = await call("/api/once_job/create", { body, settings: {} });

    expect(answer).toMatchObject({ status: 400, code: 102, cause: expect.stringContaining("cut off") });
  });

  it("that does not arrive within 30 s is 504 with 103", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("{"));
      },
    });

    const answering = call("/api/once_job/create", { body, settings: {} });
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1), { interval: 1 });
    await vi.advanceTimersByTimeAsync(30_000);
    const answer = await answering;

    expect(answer).toMatchObject({ status: 504, code: 103, errorMsg: "OVERTIME" });
  });

  function paddedTo(bytes: number): string {
    const empty = JSON.stringify({ ...leastCreate(), padding: "" });
    return JSON.stringify({ ...leastCreate(), padding: "x".repeat(bytes - empty.length) });
  }
});
