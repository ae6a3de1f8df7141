import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";

/** Where everything of one local system lies. */
export type StateFolder = {
  dir: string;
  kubeconfigPath: string;
  pidsPath: string;
  tokenPath: string;
  joinTokenPath: string;
  callbackSecretsPath: string;
  workerDir: string;
  clusterDir: string;
  logsDir: string;
  /** The embedded API server's requests, one JSON line each. */
  auditLogPath: string;
};

/** The parts' pids as `pids.json` shows them (contract, part 1); the Worker's is workerd's. */
export type Pids = { worker: number[]; relay: number[]; cluster: number[] };

/** Makes the folder, for its owner alone; `problem` is one sentence. */
export function openStateFolder(dir: string): { ok: true; folder: StateFolder } | { ok: false; problem: string } {
  const folder: StateFolder = {
    dir,
    kubeconfigPath: path.join(dir, "kubeconfig"),
    pidsPath: path.join(dir, "pids.json"),
    tokenPath: path.join(dir, "token"),
    callbackSecretsPath: path.join(dir, "callback-secrets"),
    joinTokenPath: path.join(dir, "join-token"),
    workerDir: path.join(dir, "worker"),
    clusterDir: path.join(dir, "cluster"),
    logsDir: path.join(dir, "logs"),
    auditLogPath: path.join(dir, "logs", "audit.log"),
  };
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const { mode } = statSync(dir);
    // A sticky folder such as /tmp belongs to everybody: closing it would break the machine.
    if ((mode & constants.S_IFMT) === constants.S_IFDIR && (mode & 0o1000) !== 0) {
      return { ok: false, problem: `WATCHBELL_STATE is ${dir}, a folder that others share: name one of its own` };
    }
    if ((mode & 0o077) !== 0) chmodSync(dir, 0o700);
    accessSync(dir, constants.W_OK | constants.X_OK);
    for (const inner of [folder.workerDir, folder.clusterDir, folder.logsDir]) {
      mkdirSync(inner, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    return { ok: false, problem: `the state folder ${dir} can't be written (${codeOf(error)}): see WATCHBELL_STATE` };
  }
  return { ok: true, folder };
}

/** Replaces a file at once, so that a reader meets the old or the new text, never half of one; owner only. */
export function writePrivate(file: string, text: string): void {
  const draft = `${file}.${process.pid}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, file);
}

/** A kept secret; null: the file is not there, or empty. */
export function readPrivate(file: string): string | null {
  try {
    return readFileSync(file, "utf8").trim() || null;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

/** The API token: the given one, else the kept one, else a new one; it is kept for the next start. */
export function settleToken(folder: StateFolder, given: string | null): string {
  const kept = readPrivate(folder.tokenPath);
  const token = given ?? kept ?? `wb_${randomBytes(24).toString("base64url")}`;
  if (token !== kept) writePrivate(folder.tokenPath, `${token}\n`);
  return token;
}

/** The secrets of callbacks: the given ones, else the kept ones, else a new one; `made`: nobody has seen it yet. */
export function settleCallbackSecrets(folder: StateFolder, given: string | null): { secrets: string; made: boolean } {
  const kept = readPrivate(folder.callbackSecretsPath);
  const secrets = given ?? kept ?? `whsec_${randomBytes(24).toString("base64")}`;
  if (secrets !== kept) writePrivate(folder.callbackSecretsPath, `${secrets}\n`);
  return { secrets, made: given === null && kept === null };
}

/** Rewrites `pids.json`. */
export function writePids(folder: StateFolder, pids: Pids): void {
  writePrivate(folder.pidsPath, `${JSON.stringify(pids)}\n`);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
