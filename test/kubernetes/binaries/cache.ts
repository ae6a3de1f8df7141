import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { lockFolder } from "../../../dev/start/lock.ts";

/** The Go module that names the Kubernetes to build; go.sum beside its go.mod pins every byte of it. */
export const MODULE_FOLDER: string = path.resolve(import.meta.dirname, "..");

/** Told what happens while it happens: a cold build takes minutes. */
export type Progress = (line: string) => void;

/** Folder of one kind of thing that is made once and kept outside every checkout; made where it is missing. */
export function cacheFolder(name: string): string {
  const base = process.env.WATCHBELL_CACHE || path.join(homedir(), ".cache", "watchbell");
  const folder = path.join(path.resolve(base), name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** A short hash of what the built programs depend on, so that another version never meets the old programs. */
export function moduleHash(flags: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(path.join(MODULE_FOLDER, file)));
  return hash
    .update(`${flags.join(" ")} ${process.platform} ${process.arch}`)
    .digest("hex")
    .slice(0, 12);
}

/** Does a piece of work that only one process may do in this folder; whoever comes second waits, and then finds it done. */
export async function alone<Value>(
  folder: string,
  progress: Progress,
  work: () => Promise<Value>,
  signal?: AbortSignal,
): Promise<Value> {
  for (let tries = 0; ; tries++) {
    const lock = lockFolder(folder);
    if (lock.ok) {
      try {
        return await work();
      } finally {
        lock.release();
      }
    }
    if (tries === 0) progress(`waiting for process ${lock.holder ?? "another process"}, which works in ${folder} …`);
    await delay(500, undefined, { signal });
  }
}
