import { execFile } from "node:child_process";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * The OpenAPI document as `/openapi.json` answers it, without starting a Worker. It is built in a process of its own, since
 * importing the Worker outside workerd needs a stand-in for workerd's module. Rejects where the Worker can't be imported.
 */
export async function readDocument(): Promise<unknown> {
  const standIn = pathToFileURL(path.join(import.meta.dirname, "outside-workerd.ts")).href;
  const args = ["--import", standIn, path.join(import.meta.dirname, "print-document.ts")];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: MAX_BYTES });
  return JSON.parse(stdout);
}
