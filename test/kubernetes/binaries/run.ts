import { spawn } from "node:child_process";
import { once } from "node:events";
import { killQuietly } from "../../../dev/support/processes.ts";

/** How a command ended, with what it said. */
export type Ran = { code: number; output: string };

/** How much of a command's words a sentence may carry, characters. */
const SHOWN_CHARACTERS = 2_000;

/** Who looks after a command that takes long and starts others: it then runs in a process group of its own. */
export type Watcher = {
  /** Aborted, it ends the whole group. */
  signal: AbortSignal;
  /** Told the group, for a reaper. */
  spawned: (group: number) => void;
};

type RunOptions = { cwd?: string; env?: NodeJS.ProcessEnv; input?: string; watcher?: Watcher | undefined };

/** Runs a command to its end; a command that is not there counts as code 127, as in a shell. */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
    detached: options.watcher !== undefined,
  });
  let output = "";
  const take = (chunk: unknown) => {
    output += String(chunk);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  // A command that does not read its input is no failure of the command.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const { pid } = child;
  const { watcher } = options;
  if (pid !== undefined) watcher?.spawned(pid);
  const end = () => {
    if (pid !== undefined) killQuietly(-pid, "SIGKILL");
  };
  watcher?.signal.addEventListener("abort", end, { once: true });
  try {
    const [code] = await once(child, "close");
    return { code: typeof code === "number" ? code : 1, output };
  } catch (error) {
    return { code: 127, output: error instanceof Error ? error.message : String(error) };
  } finally {
    watcher?.signal.removeEventListener("abort", end);
  }
}

/** Runs a command that must succeed; throws one sentence with its last words where it does not. */
export async function mustRun(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, output } = await run(command, args, options);
  if (code === 0) return output;
  throw new Error(`${command} ${args.join(" ")} ended with code ${code}: ${output.trim().slice(-SHOWN_CHARACTERS)}`);
}
