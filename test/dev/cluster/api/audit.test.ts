import { expect, test } from "vitest";
import { microTime } from "../../../../dev/cluster/api/audit.ts";

test.each([
  [1_700_000_000_000, "2023-11-14T22:13:20.000000Z"],
  [1_700_000_000_123.456, "2023-11-14T22:13:20.123456Z"],
  [1_700_000_000_999.9998, "2023-11-14T22:13:21.000000Z"],
])("%d ms is written as %s", (epochMs, text) => {
  expect(microTime(epochMs)).toBe(text);
});
