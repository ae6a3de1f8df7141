import { writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { applyMigrations, type Database, pendingMigrations } from "../../../dev/start/migrations.ts";
import { tempFolder } from "../../support/temp-folder.ts";

/** D1's two calls over a SQLite of our own: a batch is a transaction, a statement may be a text of several. */
function databaseOver(sqlite: DatabaseSync): Database {
  const statement = (query: string, values: SQLInputValue[]) => ({
    bind: (...bound: unknown[]) => statement(query, bound.map(String)),
    all: async () => ({ results: sqlite.prepare(query).all(...values) }),
    run: () => (values.length > 0 ? sqlite.prepare(query).run(...values) : sqlite.exec(query)),
  });
  return {
    prepare: (query) => statement(query, []),
    async batch(statements) {
      sqlite.exec("BEGIN");
      try {
        for (const each of statements) if ("run" in each && typeof each.run === "function") each.run();
        sqlite.exec("COMMIT");
      } catch (error) {
        sqlite.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

describe("migrations", () => {
  test("are applied in the order of their numbers, each once", async () => {
    const dir = tempFolder();
    writeFileSync(path.join(dir, "0001_more.sql"), "ALTER TABLE bell ADD COLUMN tone TEXT;");
    writeFileSync(path.join(dir, "0000_initial.sql"), "CREATE TABLE bell (id TEXT);\nCREATE TABLE rope (id TEXT);");
    writeFileSync(path.join(dir, "notes.txt"), "no SQL");
    const database = databaseOver(new DatabaseSync(":memory:"));

    const first = await applyMigrations(database, dir);
    const second = await applyMigrations(database, dir);

    expect([first, second]).toEqual([["0000_initial.sql", "0001_more.sql"], []]);
  });

  test("that fail leave no record, so that the next start tries again", async () => {
    const dir = tempFolder();
    writeFileSync(path.join(dir, "0000_broken.sql"), "CREATE TABLE bell (id TEXT);\nCREATE NONSENSE;");
    const sqlite = new DatabaseSync(":memory:");

    await expect(applyMigrations(databaseOver(sqlite), dir)).rejects.toThrow("NONSENSE");

    expect(sqlite.prepare("SELECT name FROM sqlite_master WHERE name = 'bell'").all()).toEqual([]);
    expect(sqlite.prepare("SELECT * FROM d1_migrations").all()).toEqual([]);
  });

  test("are pending where they are SQL and not yet recorded", () => {
    expect(pendingMigrations(["b.sql", "a.sql", "meta", "c.sql"], new Set(["a.sql"]))).toEqual(["b.sql", "c.sql"]);
  });
});
