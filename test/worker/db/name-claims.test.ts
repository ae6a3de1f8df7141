import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { installationId } from "../../../worker/db/installation.ts";
import { writeJobRow } from "../../../worker/db/job-rows.ts";
import {
  claimName,
  type NameClaim,
  readClaimCursor,
  releaseName,
  removeClaim,
  staleClaims,
  writeClaimCursor,
} from "../../../worker/db/name-claims.ts";

const CLAIM: NameClaim = { namespace: "default", jobName: "hello", jobId: "a", id: 1, claimedAt: 1_000 };
const SCAN = { after: null, before: 10_000, limit: 100 };

beforeEach(async () => {
  await env.DB.exec("DELETE FROM name_claims; DELETE FROM jobs; DELETE FROM clusters; DELETE FROM sweep_cursor");
});

async function registerClusters(...ids: string[]): Promise<void> {
  for (const id of ids) {
    await env.DB.prepare("INSERT INTO clusters (cluster, join_token_hash, created_at) VALUES (?, '', 0)")
      .bind(id)
      .run();
  }
}

async function held(): Promise<NameClaim[]> {
  return (await staleClaims(env.DB, SCAN)).claims;
}

describe("claimName", () => {
  it("claims a free name and tells the clusters there are", async () => {
    await registerClusters("b", "a");

    const answer = await claimName(env.DB, CLAIM, "");

    expect(answer).toEqual({ claim: CLAIM, clusterIds: ["a", "b"] });
    expect(await held()).toEqual([CLAIM]);
  });

  it("leaves a name that is held to its holder", async () => {
    await claimName(env.DB, CLAIM, "");

    const answer = await claimName(env.DB, { ...CLAIM, jobId: "b", claimedAt: 2_000 }, "");

    expect(answer.claim).toBeNull();
    expect(await held()).toEqual([CLAIM]);
  });

  it("renews the time of the job's own claim, always to another, and keeps the id it was made with", async () => {
    await claimName(env.DB, CLAIM, "");

    const later = await claimName(env.DB, { ...CLAIM, id: 2, claimedAt: 5_000 }, "");
    const atOnce = await claimName(env.DB, { ...CLAIM, id: 3, claimedAt: 5_000 }, "");

    expect(later.claim).toEqual({ ...CLAIM, claimedAt: 5_000 });
    expect(atOnce.claim).toEqual({ ...CLAIM, claimedAt: 5_001 });
    expect(await held()).toEqual([atOnce.claim]);
  });

  it("gives one name once where many ask at the same time", async () => {
    const jobIds = Array.from({ length: 20 }, (_, n) => `j${n}`);

    const answers = await Promise.all(jobIds.map((jobId) => claimName(env.DB, { ...CLAIM, jobId }, "")));

    expect(answers.filter((answer) => answer.claim !== null)).toHaveLength(1);
  });

  it("holds the same name in another namespace apart", async () => {
    await claimName(env.DB, CLAIM, "");

    const answer = await claimName(env.DB, { ...CLAIM, namespace: "other", jobId: "b" }, "");

    expect(answer.claim).toMatchObject({ namespace: "other", jobId: "b" });
  });

  it("claims nothing where the route names no cluster", async () => {
    await registerClusters("a");

    const answer = await claimName(env.DB, CLAIM, "b");

    expect(answer).toEqual({ claim: null, clusterIds: ["a"] });
    expect(await held()).toEqual([]);
  });

  it("claims where the route names a cluster", async () => {
    await registerClusters("a", "b");

    const answer = await claimName(env.DB, CLAIM, "b");

    expect(answer.claim).toEqual(CLAIM);
  });
});

describe("giving a name up", () => {
  it("releases the job's own claim, however often it is asked", async () => {
    await claimName(env.DB, CLAIM, "");

    await releaseName(env.DB, CLAIM);
    await releaseName(env.DB, CLAIM);

    expect(await held()).toEqual([]);
  });

  it("does not release a claim that was made after the name was given up", async () => {
    const held = { namespace: "default", jobName: "report", jobId: "a", id: 1 };
    await claimName(env.DB, { ...held, claimedAt: 1_000 }, "");

    await releaseName(env.DB, held, 999);
    expect((await claimName(env.DB, { ...held, jobId: "b", claimedAt: 2_000 }, "")).claim).toBeNull();
    await releaseName(env.DB, held, 1_000);

    expect((await claimName(env.DB, { ...held, jobId: "b", claimedAt: 2_000 }, "")).claim).toMatchObject({
      jobId: "b",
    });
  });

  it("does not release another job's claim", async () => {
    await claimName(env.DB, CLAIM, "");

    await releaseName(env.DB, { ...CLAIM, jobId: "b" });

    expect(await held()).toEqual([CLAIM]);
  });

  it("removes only the claim that was read, not one renewed since", async () => {
    await claimName(env.DB, CLAIM, "");

    const removedOld = await removeClaim(env.DB, { ...CLAIM, claimedAt: 999 });
    const removedRead = await removeClaim(env.DB, CLAIM);

    expect([removedOld, removedRead]).toEqual([false, true]);
  });
});

describe("staleClaims", () => {
  it("leaves out young claims and those that an index row names", async () => {
    await claimName(env.DB, CLAIM, "");
    await claimName(env.DB, { ...CLAIM, jobName: "young", jobId: "y", claimedAt: 20_000 }, "");
    await claimName(env.DB, { ...CLAIM, jobName: "indexed", jobId: "i", id: 2 }, "");
    await writeJobRow(env.DB, indexRow({ id: 2, jobId: "i" }));

    const scan = await staleClaims(env.DB, SCAN);

    expect(scan).toEqual({ claims: [CLAIM], next: null });
  });

  it("goes through all claims in turns", async () => {
    for (const jobName of ["c", "a", "b"]) await claimName(env.DB, { ...CLAIM, jobName, jobId: jobName }, "");

    const first = await staleClaims(env.DB, { ...SCAN, limit: 2 });
    const second = await staleClaims(env.DB, { ...SCAN, limit: 2, after: first.next });

    expect(first.claims.map((claim) => claim.jobName)).toEqual(["a", "b"]);
    expect(second.claims.map((claim) => claim.jobName)).toEqual(["c"]);
    expect(second.next).toBeNull();
  });

  it("remembers where the next sweep goes on, and forgets it at the end", async () => {
    const position = { namespace: "default", jobName: "b" };

    await writeClaimCursor(env.DB, { namespace: "default", jobName: "a" });
    await writeClaimCursor(env.DB, position);
    const kept = await readClaimCursor(env.DB);
    await writeClaimCursor(env.DB, null);

    expect(kept).toEqual(position);
    expect(await readClaimCursor(env.DB)).toBeNull();
  });
});

describe("the first migration", () => {
  it("gives the installation an id of eight letters and digits, for good", async () => {
    const id = await installationId(env.DB);

    expect(id).toMatch(/^[a-z0-9]{8}$/);
    expect(await installationId(env.DB)).toBe(id);
  });

  it("makes every table without a rowid, which would cost each insert a row", async () => {
    const tables = await env.DB.prepare(
      "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND wr = 0 AND name NOT LIKE '\\_cf%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'",
    ).all<{ name: string }>();

    expect(tables.results.map((table) => table.name)).toEqual(["d1_migrations"]);
  });
});

function indexRow(key: { id: number; jobId: string }) {
  return {
    ...key,
    jobType: "once" as const,
    version: 1,
    namespace: "default",
    jobName: "indexed",
    cluster: null,
    jobStatus: -1 as const,
    image: "",
    command: "",
    timeout: 0,
    metadata: "{}",
    jobExecTime: 0,
    information: "",
    times: 0,
    successTimes: 0,
    createTime: 0,
    updateTime: 0,
    overdueAt: null,
    cron: null,
  };
}
