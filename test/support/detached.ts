import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { PART_OF } from "../../dev/start/leftovers.ts";
import { ROOT } from "../../dev/start/ready.ts";
import { nobody, type Reaper, startReaper } from "../../dev/support/reaper-client.ts";

let reaper: Reaper | undefined;

/**
 * Starts a process of this repository in a group of its own, as a shell would, with all that lives in its state folder: it gets no
 * signal that is meant for the tests, and ends with this process all the same, a kill -9 of it included.
 */
export function spawnDetached(
  command: string,
  args: readonly string[],
  { stateDir, ...options }: SpawnOptions & { stateDir: string },
): ChildProcess {
  reaper ??= startReaper((problem) => console.error(problem));
  const { watch, forget } = reaper;
  const child = spawn(command, args, { cwd: ROOT, ...options, detached: true });
  const { pid } = child;
  if (pid === undefined) return child;
  watch(stateDir, { ...nobody, groups: [pid], environment: [`${PART_OF}=${stateDir}`], folder: stateDir });
  // What a system that was killed leaves for a moment is its own reaper's.
  child.once("exit", () => forget(stateDir));
  return child;
}
