import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Family } from "./processes.ts";

/** A reaper at work: what it watches is killed when this process ends, however it ends. */
export type Reaper = {
  pid: number;
  /** Watches a family under a name; the same name again replaces it. */
  watch: (name: string, family: Family) => void;
  /** Stops watching: the family has ended by itself. */
  forget: (name: string) => void;
  /** Lets it kill what is still watched and waits until it is gone. */
  close: () => Promise<void>;
};

/** A family with nobody in it, to be filled in. */
export const nobody: Family = { groups: [], pids: [], environment: [], folder: "", sinceTicks: 0 };

/** Starts a reaper in a session of its own, so that Ctrl-C and signals to our group do not reach it. Throws where it can't be started. */
export function startReaper(onProblem: (problem: string) => void): Reaper {
  const script = fileURLToPath(new URL("./reaper.ts", import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
    env: { PATH: process.env.PATH },
  });
  const { pid, stdin } = child;
  if (pid === undefined) throw new Error("the reaper process could not be started");
  let isClosing = false;
  const ended = once(child, "exit").then(([code]) => {
    if (!isClosing) onProblem(`the reaper process ended with code ${code}: processes may outlive a crash from now on`);
  });
  // A write after it ended is reported by its exit, above.
  stdin.on("error", () => {});
  child.unref();
  const tell = (order: object) => {
    if (!stdin.destroyed) stdin.write(`${JSON.stringify(order)}\n`);
  };
  return {
    pid,
    watch: (name, family) => tell({ watch: name, family }),
    forget: (name) => tell({ forget: name }),
    close: async () => {
      isClosing = true;
      // Until now it held nobody's event loop; whoever waits for its end must not run out of events before.
      child.ref();
      stdin.end();
      await ended;
    },
  };
}
