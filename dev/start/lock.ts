import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

/** `holder`: the pid that holds it, as far as it is known. */
export type LockOutcome = { ok: true; release(): void } | { ok: false; holder: number | null };

/**
 * Takes a folder for this process until it ends, however it ends: SQLite's exclusive lock is the kernel's (fcntl), so a
 * kill -9 leaves no stale lock and a pid that another process got since can't be mistaken for the holder.
 */
export function lockFolder(dir: string): LockOutcome {
  const holderPath = path.join(dir, "lock.pid");
  const database = new DatabaseSync(path.join(dir, "lock"));
  try {
    database.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (isBusy(error)) return { ok: false, holder: readHolder(holderPath) };
    throw error;
  }
  writeFileSync(holderPath, `${process.pid}\n`, { mode: 0o600 });
  return { ok: true, release: () => database.close() };
}

/** SQLITE_BUSY (5): another process holds the lock. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === 5;
}

function readHolder(holderPath: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(holderPath, "utf8"), 10);
    return Number.isInteger(pid) ? pid : null;
  } catch {
    // The pid only serves the message; the lock itself is the truth.
    return null;
  }
}
