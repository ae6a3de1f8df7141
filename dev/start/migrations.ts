import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

/** What this needs of a D1 database; Miniflare's binding and a Worker's both have it. */
export type Database = {
  prepare(query: string): Statement;
  batch(statements: Statement[]): Promise<unknown>;
};
type Statement = {
  bind(...values: unknown[]): Statement;
  all(): Promise<{ results: unknown[] }>;
};

/** wrangler's own table, as `wrangler d1 migrations apply` makes it, so that the two agree on what was applied. */
const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
		id         INTEGER PRIMARY KEY AUTOINCREMENT,
		name       TEXT UNIQUE,
		applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Migrations not applied yet, in the order of their numbers. */
export function pendingMigrations(files: readonly string[], applied: ReadonlySet<string>): string[] {
  return files.filter((file) => file.endsWith(".sql") && !applied.has(file)).sort();
}

/** Applies what is missing, each migration and its record in one batch, which D1 runs as one transaction. */
export async function applyMigrations(database: Database, dir: string): Promise<string[]> {
  await database.batch([database.prepare(MIGRATIONS_TABLE)]);
  const { results } = await database.prepare('SELECT name FROM "d1_migrations"').all();
  const pending = pendingMigrations(await readdir(dir), new Set(results.map(nameOf)));
  for (const name of pending) {
    const sql = await readFile(path.join(dir, name), "utf8");
    // workerd runs a text of several statements; D1's exec() would split it at every line.
    await database.batch([
      database.prepare(sql),
      database.prepare('INSERT INTO "d1_migrations" (name) VALUES (?)').bind(name),
    ]);
  }
  return pending;
}

function nameOf(row: unknown): string {
  return typeof row === "object" && row !== null && "name" in row ? String(row.name) : "";
}
