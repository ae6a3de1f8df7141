import { describe, expect, test } from "vitest";
import { mergePatch, strategicMergePatch } from "../../../../dev/cluster/api/patch.ts";

describe("a merge patch", () => {
  test("merges objects, replaces lists and removes what is null", () => {
    const target = { a: { b: 1, c: 2 }, list: [1, 2], gone: true };
    const patched = mergePatch(target, { a: { b: 9 }, list: [3], gone: null });
    expect(patched).toEqual({ a: { b: 9, c: 2 }, list: [3] });
  });

  test("leaves the object it was given alone", () => {
    const target = { a: { b: 1 } };
    mergePatch(target, { a: { b: 2 } });
    expect(target).toEqual({ a: { b: 1 } });
  });
});

describe("a strategic merge patch", () => {
  test("merges conditions by type and replaces lists that have no key", () => {
    const target = { conditions: [{ type: "A", status: "False" }], containerStatuses: [{ name: "x" }, { name: "y" }] };
    const patch = {
      conditions: [
        { type: "A", status: "True" },
        { type: "B", status: "True" },
      ],
      containerStatuses: [{ name: "z" }],
    };
    expect(strategicMergePatch(target, patch)).toEqual({
      conditions: [
        { type: "A", status: "True" },
        { type: "B", status: "True" },
      ],
      containerStatuses: [{ name: "z" }],
    });
  });

  test("takes one item out of a keyed list and one value out of a set", () => {
    const target = { ownerReferences: [{ uid: "1" }, { uid: "2" }], finalizers: ["keep", "drop"] };
    const patch = {
      ownerReferences: [{ $patch: "delete", uid: "1" }],
      "$deleteFromPrimitiveList/finalizers": ["drop"],
    };
    expect(strategicMergePatch(target, patch)).toEqual({ ownerReferences: [{ uid: "2" }], finalizers: ["keep"] });
  });

  test("adds to a set without repeating what is there", () => {
    expect(strategicMergePatch({ finalizers: ["a"] }, { finalizers: ["a", "b"] })).toEqual({ finalizers: ["a", "b"] });
  });
});
