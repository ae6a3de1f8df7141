import { DatabaseSync } from "node:sqlite";
import type { KubeObject } from "./json.ts";

/** One object as it lies on disk. */
export type StoredRow = { key: string; body: string };

/** The objects on disk: what a write returned survives a kill -9 of this process. */
export type Storage = {
  /** Every object, and the highest resourceVersion ever given out. */
  load(): { rows: StoredRow[]; lastVersion: number };
  put(key: string, version: number, body: string): void;
  remove(key: string, version: number): void;
  close(): void;
};

/**
 * Opens the object table in one SQLite file. A commit is in the page cache before the answer goes out: it outlives the
 * process, though not a power cut (synchronous=OFF; fsync at every checkpoint would hold up the callers). A write costs about 50 µs.
 */
export function openStorage(path: string): Storage {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  db.exec(
    "CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID",
  );
  // A removed object leaves no row, so its version is kept here: versions never go backwards over a restart.
  db.exec("CREATE TABLE IF NOT EXISTS removed (one INTEGER PRIMARY KEY, version INTEGER NOT NULL)");
  const putRow = db.prepare("INSERT OR REPLACE INTO objects VALUES (?, ?, ?)");
  const removeRow = db.prepare("DELETE FROM objects WHERE key = ?");
  const noteRemoved = db.prepare("INSERT OR REPLACE INTO removed VALUES (1, ?)");
  const readRows = db.prepare("SELECT key, body FROM objects ORDER BY version");
  const readVersion = db.prepare(
    "SELECT max(coalesce((SELECT max(version) FROM objects), 0), coalesce((SELECT version FROM removed), 0)) AS last",
  );
  return {
    load: () => ({
      rows: readRows.all().map((row) => ({ key: String(row.key), body: String(row.body) })),
      lastVersion: Number(readVersion.get()?.last ?? 0),
    }),
    put: (key, version, body) => {
      putRow.run(key, version, body);
    },
    remove: (key, version) => {
      // Version first: a crash in between costs a version number, the other order could give one out twice.
      noteRemoved.run(version);
      removeRow.run(key);
    },
    close: () => db.close(),
  };
}

/** Parses a stored body; throws on a corrupt file, since starting on half a state would lose Jobs silently. */
export function parseStored(row: StoredRow): KubeObject {
  const parsed: KubeObject = JSON.parse(row.body);
  if (typeof parsed.kind !== "string") throw new Error(`the stored object ${row.key} is no Kubernetes object`);
  return parsed;
}
