import { describe, expect, it } from "vitest";
import { CLOSE, FINAL_CLOSE_CODES } from "../../../protocol/close-codes.ts";
import { judgeClose, judgeUpgradeAnswer } from "../../../relay/link/refusal.ts";

const envelope = (cause: string): string => JSON.stringify({ code: 100, cause, error_msg: "PARAM_ERR", data: null });

describe("an upgrade answered with an HTTP status", () => {
  it.each([
    {
      status: 401,
      body: envelope("the token is wrong."),
      sentence: "the token is wrong (look at WATCHBELL_JOIN_TOKEN)",
    },
    { status: 403, body: "", sentence: "the control plane refuses this relay (look at WATCHBELL_JOIN_TOKEN)" },
    { status: 404, body: envelope("no cluster x"), sentence: "no cluster x (look at WATCHBELL_CLUSTER)" },
    { status: 404, body: "<html>", sentence: "nothing answers for relays under that address (look at WATCHBELL_URL)" },
    {
      status: 401,
      body: '{"cause":5}',
      sentence: "the control plane does not accept the join token (look at WATCHBELL_JOIN_TOKEN)",
    },
  ])("is final for $status and says where to look", ({ status, body, sentence }) => {
    expect(judgeUpgradeAnswer(status, body)).toBe(sentence);
  });

  it.each([200, 301, 426, 429, 500, 502, 503, 0])("is tried again for %i", (status) => {
    expect(judgeUpgradeAnswer(status, envelope("whatever"))).toBeNull();
  });
});

describe("a close code", () => {
  it.each(Object.entries(CLOSE))("%s is final exactly where the protocol says so", (_, code) => {
    expect(judgeClose(code, "why") !== null).toBe(FINAL_CLOSE_CODES.includes(code));
  });

  it.each([
    [CLOSE.badToken, "WATCHBELL_JOIN_TOKEN"],
    [CLOSE.otherCluster, "WATCHBELL_CLUSTER"],
    [CLOSE.unsupported, "version"],
  ])("%i names what to look at, with the reason or without", (code, variable) => {
    expect(judgeClose(code, "the reason")).toContain("the reason");
    expect(judgeClose(code, "")).toContain(variable);
  });

  it.each([1000, 1001, 1005, 1006, 1011, 1012])("%i is tried again", (code) => {
    expect(judgeClose(code, "")).toBeNull();
  });
});
