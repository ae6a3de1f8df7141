import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { SlotRules } from "../../worker/jobs/definition.ts";
import { itemsBetween } from "../../worker/jobs/schedule.ts";

const PAGE = path.resolve(import.meta.dirname, "../../docs/schedules.md");
const ROW = /^\| (\S+\/\S+) \| `(.+?)` \| (\w+) \| (\S+Z) \| (.+?) \| ?(.*?) ?\|$/;

const examples = readFileSync(PAGE, "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, timeZone = "", schedule = "", rule = "", after = "", are = "", dropped = ""] = ROW.exec(line) ?? [];
    return timeZone === "" ? [] : [{ timeZone, schedule, rule, after, are: are.split(" "), dropped }];
  });

function rulesOf(timeZone: string, schedule: string, rule: string): SlotRules {
  const rules: SlotRules = { schedule, timeZone, dstGap: "first_valid", dstOverlap: "first" };
  if (rule === "skip" || rule === "shift" || rule === "first_valid") return { ...rules, dstGap: rule };
  if (rule === "first" || rule === "second" || rule === "both") return { ...rules, dstOverlap: rule };
  throw new Error(`${rule} is no rule`);
}

describe("the examples of docs/schedules.md", () => {
  test("are all found", () => {
    expect(examples.length).toBe(12);
  });

  test.each(examples)(
    "$timeZone $schedule $rule: what the page says is so",
    ({ timeZone, schedule, rule, ...example }) => {
      const after = Date.parse(example.after);
      const until = Date.parse(example.are.at(-1) ?? "");

      const items = itemsBetween(rulesOf(timeZone, schedule, rule), after, until, 100);

      const slots = items.flatMap((item) => (item.kind === "slot" ? [`${item.local}${item.offset}`] : []));
      const dropped = items.flatMap((item) => (item.kind === "dropped" ? [item.local] : []));
      expect(slots).toEqual(example.are);
      expect(dropped.join(" ")).toBe(example.dropped);
    },
  );
});
