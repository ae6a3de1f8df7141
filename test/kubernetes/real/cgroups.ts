import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import path from "node:path";

const CGROUPS = "/sys/fs/cgroup";

/** The name of a node's groups: two clusters on one machine, and a start after a kill -9, must not meet each other's. */
export function cgroupName(dir: string, pid: number): string {
  return `watchbell-${createHash("sha256").update(`${dir} ${pid}`).digest("hex").slice(0, 8)}`;
}

/** Every folder of the groups of that name, in the one hierarchy or the many. */
export function findCgroups(name: string): string[] {
  return [CGROUPS, ...readdirSync(CGROUPS).map((hierarchy) => path.join(CGROUPS, hierarchy))]
    .map((folder) => path.join(folder, name))
    .filter((folder) => existsSync(folder));
}

/** Removes the groups once nothing lives in them; 15 s after its input closed it gives up. */
const SWEEP = `cat > /dev/null
for round in $(seq 150); do
  left=0
  for group in "$1/$2" "$1"/*/"$2"; do
    [ -d "$group" ] || continue
    find "$group" -depth -type d -exec rmdir {} + 2> /dev/null
    [ -d "$group" ] && left=1
  done
  [ $left = 0 ] && exit 0
  sleep 0.1
done
exit 1`;

/**
 * Makes a control group for one node in every hierarchy (cgroup v1) or in the one (v2), and starts a process that removes them when
 * this process ends, however it ends: the kernel leaves empty groups behind. `remove` asks for it now and waits.
 */
export function makeCgroups(name: string): { remove: () => Promise<void> } {
  const isV2 = existsSync(path.join(CGROUPS, "cgroup.controllers"));
  const hierarchies = isV2
    ? [CGROUPS]
    : readdirSync(CGROUPS)
        .map((hierarchy) => path.join(CGROUPS, hierarchy))
        .filter((folder) => existsSync(path.join(folder, "cgroup.procs")));
  for (const folder of hierarchies) mkdirSync(path.join(folder, name), { recursive: true });
  const sweeper = spawn("sh", ["-c", SWEEP, "sh", CGROUPS, name], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  sweeper.stdin.on("error", () => undefined);
  return {
    remove: async () => {
      const ended = once(sweeper, "exit");
      sweeper.stdin.end();
      const [code] = await ended;
      if (code !== 0) throw new Error(`control groups named ${name} are left in ${CGROUPS}`);
    },
  };
}
