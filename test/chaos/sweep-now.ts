import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ROOT } from "../../dev/start/ready.ts";
import { startWorkerHost } from "../../dev/start/worker-host.ts";

/** More than a claim's grace before the sweep judges it, ms. */
const OLDER_BY_MS = 120_000;

/**
 * A program: makes every claim of a stopped system two minutes older, lets the Worker sweep once, and prints how many claims
 * there were before and after. A process of its own, since the Worker's host sets its environment.
 */
async function main(stateDir: string): Promise<void> {
  const workerDir = path.join(stateDir, "worker");
  const before = ageClaims(databaseIn(workerDir));
  const quiet = { log: () => undefined, restarted: () => undefined };
  const host = await startWorkerHost({
    projectDir: ROOT,
    host: "127.0.0.1",
    port: 0,
    workerDir,
    bindings: {},
    ...quiet,
  });
  await host.scheduled(new Date());
  await host.stop();
  const after = countClaims(databaseIn(workerDir));
  process.stdout.write(`${JSON.stringify({ before, after })}\n`);
}

/** The file of D1 among those of workerd's own book-keeping. */
function databaseIn(workerDir: string): string {
  const folder = path.join(workerDir, "v3", "d1", "miniflare-D1DatabaseObject");
  const files = readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== "metadata.sqlite");
  if (files.length !== 1 || files[0] === undefined) throw new Error(`one database expected in ${folder}`);
  return path.join(folder, files[0]);
}

function ageClaims(file: string): number {
  const database = new DatabaseSync(file);
  try {
    database.prepare("UPDATE name_claims SET claimed_at = claimed_at - ?").run(OLDER_BY_MS);
  } finally {
    database.close();
  }
  return countClaims(file);
}

function countClaims(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(database.prepare("SELECT count(*) AS count FROM name_claims").get()?.count);
  } finally {
    database.close();
  }
}

await main(process.argv[2] ?? "");
