import { describe, expect, it } from "vitest";
import { CREATE_TIMEOUT_MS, LEASE_MS, LOSS_MS } from "../../../protocol/words.ts";
import { fenceAgainst, lossAt, mayCreateUntil, stillFencing } from "../../../worker/clusters/open-runs-lease.ts";
import {
  type LinkLife,
  roleAtHello,
  silentLinks,
  standbyToPromote,
} from "../../../worker/clusters/open-runs-take-over.ts";
import { aRow, NOW } from "./sample-rows.ts";

function link(process: string, change: Partial<LinkLife> = {}): LinkLife {
  return { process, role: "standby", leaving: false, helloAt: NOW - 5_000, lastPingAt: null, ...change };
}

describe("the moment of loss", () => {
  it("leaves room for the lease and for the last create that was begun under it", () => {
    expect(LEASE_MS + CREATE_TIMEOUT_MS).toBeLessThan(LOSS_MS);
  });

  it.each([
    ["no ping yet", { helloAt: NOW, lastPingAt: null }, NOW + LOSS_MS],
    ["a ping after the hello", { helloAt: NOW, lastPingAt: NOW + 5_000 }, NOW + 5_000 + LOSS_MS],
  ])("with %s", (_name, life, expected) => {
    expect(lossAt(life)).toBe(expected);
  });

  it("ends a link that has been silent for 20 s, not a moment earlier", () => {
    const silent = link("p1", { helloAt: NOW - 60_000, lastPingAt: NOW - LOSS_MS });
    const alive = link("p2", { helloAt: NOW - 60_000, lastPingAt: NOW - LOSS_MS + 1 });
    expect(silentLinks([silent, alive], NOW)).toEqual([silent]);
  });
});

describe("the fence around a run", () => {
  const active = { process: "p2", helloAt: NOW - 5_000, lastPingAt: NOW - 1_000 };
  const lost = { p1: NOW + 6_000 };
  const until = (process: string) => mayCreateUntil(process, active, lost);

  it("lasts as long as the process that has the run may create, whoever speaks", () => {
    expect(fenceAgainst(aRow("sent", { sentTo: "p1" }), "p2", until)).toBe(NOW + 6_000);
    expect(fenceAgainst(aRow("sent", { sentTo: "p2" }), "p1", until)).toBe(NOW - 1_000 + LOSS_MS);
  });

  it("does not bind the process's own word", () => {
    expect(fenceAgainst(aRow("sent", { sentTo: "p2" }), "p2", until)).toBe(0);
  });

  it("lasts as long as the latest of all processes that it was sent to", () => {
    const row = aRow("sent", { sentTo: "p2", sentBefore: ["p0", "p1"] });
    expect(fenceAgainst(row, "p2", until)).toBe(NOW + 6_000);
    // One that came back and is active now counts by its present lease.
    expect(fenceAgainst({ ...row, sentTo: "p3", sentBefore: ["p2"] }, "p3", until)).toBe(NOW - 1_000 + LOSS_MS);
  });

  it("is over for a process of which nothing is recorded any more", () => {
    expect(fenceAgainst(aRow("sent", { sentTo: "p0" }), "p2", until)).toBe(0);
    expect(stillFencing({ p0: NOW, p1: NOW + 1 }, NOW)).toEqual({ p1: NOW + 1 });
  });
});

describe("the right to create", () => {
  it("goes to the first relay, and others stand by", () => {
    expect(roleAtHello("p1", [])).toBe("active");
    expect(roleAtHello("p2", [link("p1", { role: "active" })])).toBe("standby");
  });

  it("stays with its process when that reconnects", () => {
    expect(roleAtHello("p1", [link("p1", { role: "active" }), link("p2")])).toBe("active");
    expect(roleAtHello("p2", [link("p1", { role: "active" }), link("p2")])).toBe("standby");
  });

  it("is free once its holder is leaving", () => {
    expect(roleAtHello("p2", [link("p1", { role: "active", leaving: true })])).toBe("active");
  });

  it("is given to the standby that has been linked longest, if nobody holds it", () => {
    const longest = link("p2", { helloAt: NOW - 9_000 });
    expect(standbyToPromote([link("p1"), longest], NOW)).toBe(longest);
    expect(standbyToPromote([link("p1", { role: "active" }), longest], NOW)).toBeNull();
    expect(standbyToPromote([], NOW)).toBeNull();
  });

  it("is given neither to a leaving relay nor to a silent one", () => {
    const silent = link("p1", { helloAt: NOW - LOSS_MS });
    expect(standbyToPromote([silent, link("p2", { leaving: true })], NOW)).toBeNull();
  });
});
