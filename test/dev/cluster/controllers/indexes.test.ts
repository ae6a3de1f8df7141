import { expect, test } from "vitest";
import { formatIndexes, parseIndexes } from "../../../../dev/cluster/controllers/indexes.ts";

test.each([
  ["", []],
  ["0", [0]],
  ["0,1", [0, 1]],
  ["0-2,5", [0, 1, 2, 5]],
  ["1,3-6,9", [1, 3, 4, 5, 6, 9]],
])("%j stands for %j, both ways", (text, indexes) => {
  expect([...parseIndexes(text)]).toEqual(indexes);
  expect(formatIndexes(new Set(indexes))).toBe(text);
});
