import { describe, expect, it } from "vitest";
import { parseCronJobFields } from "../../../worker/jobs/cron-job-fields.ts";

const NOW = Date.parse("2026-11-24T12:00:00.000Z");
const LEAST = {
  job_name: "nightly",
  namespace: "default",
  image: "busybox",
  command: "echo,hi",
  schedule: "0 3 * * *",
};

function parse(changes: Record<string, unknown>) {
  return parseCronJobFields({ ...LEAST, ...changes }, NOW, { allowPrivateCallbacks: false });
}

function rulesOf(changes: Record<string, unknown>) {
  const parsed = parse(changes);
  return "definition" in parsed ? parsed.definition.cron : parsed;
}

function problemOf(changes: Record<string, unknown>): string | null {
  const parsed = parse(changes);
  return "problem" in parsed ? parsed.problem : null;
}

describe("a cron job's body that fits", () => {
  it("gets every default", () => {
    expect(parse({})).toMatchObject({
      definition: {
        jobName: "nightly",
        execAt: NOW,
        startingDeadlineSeconds: null,
        timeout: 0,
        route: "",
        metadata: { restart_policy: "Never", callback_on: "success,failure", on_lost: "fail" },
        cron: {
          schedule: "0 3 * * *",
          timeZone: "UTC",
          dstGap: "first_valid",
          dstOverlap: "first",
          concurrencyPolicy: "Forbid",
          misfirePolicy: "latest",
          misfireLimit: 10,
          suspend: false,
          earliestAt: null,
          endAt: null,
        },
      },
    });
  });

  it("keeps every field that it was given", () => {
    const parsed = parse({
      schedule: " */5 * * * * MON-FRI ",
      time_zone: "Asia/Kolkata",
      dst_gap: "shift",
      dst_overlap: "both",
      concurrency_policy: "Queue",
      misfire_policy: "all",
      misfire_limit: "100",
      starting_deadline_seconds: 30,
      suspend: "true",
      job_exec_time: "P1D",
      job_end_time: "2027-01-01T00:00:00Z",
      metadata: { callback_on: "skipped,late", on_lost: "rerun" },
    });

    expect(parsed).toMatchObject({
      definition: {
        execAt: NOW + 86_400_000,
        startingDeadlineSeconds: 30,
        metadata: { callback_on: "skipped,late", on_lost: "rerun" },
        cron: {
          schedule: "*/5 * * * * MON-FRI",
          timeZone: "Asia/Kolkata",
          dstGap: "shift",
          dstOverlap: "both",
          concurrencyPolicy: "Queue",
          misfirePolicy: "all",
          misfireLimit: 100,
          suspend: true,
          earliestAt: NOW + 86_400_000,
          endAt: Date.UTC(2027, 0),
        },
      },
    });
  });

  it("takes empty and null options as absent", () => {
    const options = ["time_zone", "dst_gap", "dst_overlap", "concurrency_policy", "misfire_policy", "misfire_limit"];
    const others = ["suspend", "starting_deadline_seconds", "job_exec_time", "job_end_time", "timeout", "route"];
    const all = (value: unknown) => Object.fromEntries([...options, ...others].map((field) => [field, value]));

    expect(parse(all(""))).toEqual(parse({}));
    expect(parse(all(null))).toEqual(parse({}));
  });

  it.each([[""], ["0"], [0], [1], ["2001-01-01T00:00:00Z"], ["PT0S"]])(
    "has no earliest slot where job_exec_time is %j",
    (job_exec_time) => {
      expect(rulesOf({ job_exec_time })).toMatchObject({ earliestAt: null });
    },
  );

  it.each([[""], ["0"], [0]])("has no end where job_end_time is %j", (job_end_time) => {
    expect(rulesOf({ job_end_time })).toMatchObject({ endAt: null });
  });

  it("may end with its only slot, and begin with it", () => {
    const only = "2026-11-25T03:00:00Z";

    expect(rulesOf({ job_exec_time: only, job_end_time: only })).toMatchObject({ endAt: Date.parse(only) });
  });

  it("is checked as if it were not suspended", () => {
    expect(problemOf({ suspend: true })).toBeNull();
    expect(problemOf({ suspend: true, schedule: "0 0 30 2 *" })).toContain("has no slot");
  });

  it.each(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@DAILY"])(
    "may have the schedule %s",
    (schedule) => {
      expect(rulesOf({ schedule })).toMatchObject({ schedule });
    },
  );

  it.each([
    ["0 3 * * *", {}, 52],
    ["0 0 3 * * *", {}, 52],
    // -29000000 or -1790000000, and -0 to -9.
    ["0 3 * * *", { completion_mode: "Indexed", completions: 10 }, 52],
    ["0 0 3 * * *", { completion_mode: "Indexed", completions: 10 }, 50],
    ["0 3 * * *", { completion_mode: "Indexed", completions: 1_001 }, 49],
    ["0 3 * * *", { job_patch: { spec: { completionMode: "Indexed", completions: 1_001 } } }, 49],
  ])("of %s with the metadata %j may have a name of so many characters and no more: %i", (schedule, metadata, most) => {
    const problem = (length: number) => problemOf({ schedule, metadata, job_name: "a".repeat(length) });

    expect(problem(most)).toBeNull();
    expect(problem(most + 1)).toContain(`job_name "${"a".repeat(most + 1)}"`);
  });
});

describe("a cron job's body that does not fit", () => {
  it.each<[Record<string, unknown>, string]>([
    [{ schedule: undefined }, "schedule is missing"],
    [{ schedule: 5 }, "schedule 5 must be text"],
    [{ schedule: "* * *" }, 'schedule "* * *" must have 5 fields'],
    [{ schedule: "60 * * * *" }, 'schedule "60 * * * *" has no valid minute: 60'],
    [{ schedule: "@reboot" }, 'schedule "@reboot" must be 5 or 6 fields, or one of @yearly'],
    [{ schedule: "2027-01-01T00:00:00" }, 'schedule "2027-01-01T00:00:00" must have 5 fields'],
    [{ schedule: "TZ=UTC 0 3 * * *" }, 'schedule "TZ=UTC 0 3 * * *" has no valid second: TZ=UTC'],
    [{ schedule: `${"1,".repeat(200)}1 3 * * *` }, "must have at most 256"],
    [{ schedule: "0 0 31 2,4 *" }, 'schedule "0 0 31 2,4 *" has no slot'],
    [{ time_zone: "CEST" }, 'time_zone "CEST" must be an IANA time zone'],
    [{ time_zone: "-05:00" }, 'time_zone "-05:00" must be an IANA time zone'],
    [{ time_zone: 2 }, "time_zone 2 must be text"],
    [{ dst_gap: "first" }, 'dst_gap "first" must be skip, first_valid or shift'],
    [{ dst_overlap: "skip" }, 'dst_overlap "skip" must be first, second or both'],
    [{ concurrency_policy: "allow" }, 'concurrency_policy "allow" must be Allow, Forbid, Replace or Queue'],
    [{ misfire_policy: "none" }, 'misfire_policy "none" must be skip, latest or all'],
    [{ misfire_limit: 0 }, "misfire_limit 0 must be a whole number from 1 to 100"],
    [{ misfire_limit: 1.5 }, "misfire_limit 1.5 must be a whole number from 1 to 100"],
    [{ starting_deadline_seconds: 0 }, "starting_deadline_seconds 0 must be at least 1"],
    [{ suspend: "yes" }, 'suspend "yes" must be true or false'],
    [{ suspend: 1 }, "suspend 1 must be true or false"],
    [{ job_exec_time: "soon" }, 'job_exec_time "soon" must be unix seconds'],
    [{ job_exec_time: "P11Y" }, 'job_exec_time "P11Y" is more than 10 years ahead'],
    [{ job_end_time: "never" }, 'job_end_time "never" must be unix seconds'],
    [{ job_end_time: 1 }, "job_end_time 1 is past"],
    [{ job_end_time: "PT14H" }, 'job_end_time "PT14H" is before the first slot of schedule "0 3 * * *"'],
    [{ job_exec_time: "P2D", job_end_time: "P1D" }, 'job_end_time "P1D" is before the first slot'],
    [{ job_name: "a".repeat(53) }, "must have at most 52"],
    [{ metadata: { callback_on: "sometimes" } }, 'metadata.callback_on "sometimes"'],
    [{ metadata: { schedule: "x" } }, 'metadata has the key "schedule"'],
    [{ timezone: "UTC" }, 'there is no field "timezone"'],
  ])("is refused with field and value: %j", (changes, words) => {
    expect(problemOf(changes)).toContain(words);
  });

  it("has no slot where the gap of every year drops them, which is known at once", () => {
    const schedule = "* * 2 * 3 SUN#2";
    const problem = problemOf({ schedule, time_zone: "America/New_York", dst_gap: "skip" });

    expect(problem).toBe(`schedule "${schedule}" has no slot: its days never come, or dst_gap drops all of them`);
  });
});
