import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** One process, from /proc/<pid>/stat. */
export type ProcessInfo = {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** When it started, clock ticks since boot: with the pid it names one process, whatever is reused later. */
  startTicks: number;
  isZombie: boolean;
};

/** Processes that belong together and end together. */
export type Family = {
  /** Process groups; their sessions and every descendant of their members belong to the family too. */
  groups: number[];
  /** Single processes, with their descendants. */
  pids: number[];
  /** Entries `NAME=VALUE`: a process whose environment holds all of them belongs to the family; empty: nobody by this. */
  environment: string[];
  /** A process whose working directory lies in this folder belongs to the family; empty: nobody by this. */
  folder: string;
  /** No process that started before this belongs to it, clock ticks since boot; 0: no such limit. */
  sinceTicks: number;
};

/** Lists every process; empty where there is no /proc (then only process groups can be ended). */
export function listProcesses(): ProcessInfo[] {
  const found: ProcessInfo[] = [];
  for (const name of folderEntries("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const info = processInfo(pid);
    if (info !== undefined) found.push(info);
  }
  return found;
}

/** Reads one process; undefined where it is gone. */
export function processInfo(pid: number): ProcessInfo | undefined {
  const text = readQuietly(`/proc/${pid}/stat`)?.toString("latin1");
  if (text === undefined) return undefined;
  // The command may hold spaces and parentheses: fields are counted from its last closing one (proc(5)).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, group, session] = fields;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTicks: Number(fields[19]),
    isZombie: state === "Z" || state === "X",
  };
}

/** Finds the living members of a family among the processes; never the asking process itself. */
export function findFamily(processes: ProcessInfo[], family: Family): ProcessInfo[] {
  const members = new Set<number>();
  for (const one of processes) if (isMember(one, family)) members.add(one.pid);
  // Children of members, whatever session they made for themselves; in rounds, since pids are in no order.
  for (let grew = true; grew; ) {
    grew = false;
    for (const one of processes) {
      if (members.has(one.pid) || !members.has(one.parent)) continue;
      members.add(one.pid);
      grew = true;
    }
  }
  members.delete(process.pid);
  return processes.filter((one) => members.has(one.pid) && !one.isZombie);
}

function isMember(one: ProcessInfo, family: Family): boolean {
  if (one.startTicks < family.sinceTicks || one.pid === process.pid) return false;
  if (family.pids.includes(one.pid) || family.groups.includes(one.group) || family.groups.includes(one.session))
    return true;
  return hasEnvironment(one.pid, family.environment) || isInFolder(one.pid, family.folder);
}

function hasEnvironment(pid: number, wanted: string[]): boolean {
  if (wanted.length === 0) return false;
  const held = readQuietly(`/proc/${pid}/environ`)?.toString("utf8").split("\0");
  return held !== undefined && wanted.every((entry) => held.includes(entry));
}

function isInFolder(pid: number, folder: string): boolean {
  if (folder === "") return false;
  try {
    const cwd = readlinkSync(`/proc/${pid}/cwd`);
    return cwd === folder || cwd.startsWith(`${folder}/`);
  } catch {
    // Gone, or another user's: not ours either way.
    return false;
  }
}

/** Sends SIGKILL to every living member of the families; answers how many there were of each. */
export function killFamilies(families: Family[]): number[] {
  const processes = listProcesses();
  return families.map((family) => {
    let killed = 0;
    for (const group of family.groups) killQuietly(-group, "SIGKILL");
    for (const member of findFamily(processes, family)) {
      // A pid may have been given away since the list was read.
      if (processInfo(member.pid)?.startTicks !== member.startTicks) continue;
      killQuietly(member.pid, "SIGKILL");
      killed += 1;
    }
    if (processes.length === 0) for (const pid of family.pids) killQuietly(pid, "SIGKILL");
    return killed;
  });
}

/** Sends a signal; a process that is gone already is what was wanted. */
export function killQuietly(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    // ESRCH: gone. EPERM: not ours, a reused number.
    return false;
  }
}

function folderEntries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // No /proc on this system.
    return [];
  }
}

function readQuietly(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    // Gone in between, or another user's.
    return undefined;
  }
}
