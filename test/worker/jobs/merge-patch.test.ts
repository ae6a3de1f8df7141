import { describe, expect, it } from "vitest";
import { isDeeperThan, mergePatch } from "../../../worker/jobs/merge-patch.ts";

describe("mergePatch", () => {
  it.each<[unknown, unknown, unknown]>([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("makes of %j with %j what RFC 7396, appendix A, says", (target, patch, result) => {
    expect(mergePatch(target, patch)).toEqual(result);
  });

  it("changes neither the target nor the patch", () => {
    const target = Object.freeze({ a: Object.freeze({ b: 1 }) });
    const patch = Object.freeze({ a: Object.freeze({ c: 2 }) });

    expect(mergePatch(target, patch)).toEqual({ a: { b: 1, c: 2 } });
  });

  it("takes __proto__ as any other key", () => {
    const merged = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'));

    expect(JSON.stringify(merged)).toBe('{"__proto__":{"polluted":true}}');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("isDeeperThan", () => {
  it.each<[unknown, number, boolean]>([
    [1, 0, false],
    [{}, 0, true],
    [{}, 1, false],
    [{ a: [1] }, 2, false],
    [{ a: [{}] }, 2, true],
  ])("of %j and %d is told", (value, levels, isDeeper) => {
    expect(isDeeperThan(value, levels)).toBe(isDeeper);
  });

  it("answers for a nest that a recursion would not survive", () => {
    const nest: unknown = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`);

    expect(isDeeperThan(nest, 40)).toBe(true);
  });
});
