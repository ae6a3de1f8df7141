import { describe, expect, it } from "vitest";
import { canonicalJson, jsonHash } from "../../../worker/jobs/equal-json.ts";

describe("canonicalJson", () => {
  it.each([
    ['{"a":1,"b":[{"c":null,"d":"x"}]}', ' { "b" : [ { "d":"x", "c":null } ],\n"a":1 } '],
    ['{"a":1}', '{"a":1.0}'],
    ['{"a":"\\u00e9"}', '{"a":"é"}'],
    ['{"a":2}', '{"a":1,"a":2}'],
    ['{"__proto__":{"x":1},"a":1}', '{"a":1,"__proto__":{"x":1}}'],
  ])("is the same for %s and %s", (one, other) => {
    expect(canonicalJson(JSON.parse(one))).toBe(canonicalJson(JSON.parse(other)));
  });

  it.each([
    ['{"a":1}', '{"a":"1"}'],
    ['{"a":null}', "{}"],
    ["[1,2]", "[2,1]"],
    ['{"a":[]}', '{"a":{}}'],
    ['{"a":{"b":1}}', '{"a":{},"b":1}'],
    ['{"__proto__":{"x":1}}', "{}"],
  ])("tells %s from %s", (one, other) => {
    expect(canonicalJson(JSON.parse(one))).not.toBe(canonicalJson(JSON.parse(other)));
  });

  it("is JSON of the same value", () => {
    const value = { b: [1, "two", null, true], a: { "k ey": 'q"' } };

    expect(JSON.parse(canonicalJson(value))).toEqual(value);
  });
});

describe("jsonHash", () => {
  it("is SHA-256 of the canonical text", async () => {
    expect(await jsonHash({})).toBe("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
  });
});
