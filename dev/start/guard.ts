import { nobody, type Reaper, startReaper } from "../support/reaper-client.ts";

/** Sees to it that the parts end with this process, a kill -9 of it included. */
export type Guard = {
  /** A part, the leader of its own process group. */
  watch(part: string, pid: number): void;
  forget(part: string): void;
  stop(): Promise<void>;
};

/** Keeps a reaper informed of the parts, and starts another one where somebody killed it. */
export function startGuard(): Guard {
  const watched = new Map<string, number>();
  let reaper: Reaper;
  const tell = (part: string, pid: number) => reaper.watch(part, { ...nobody, groups: [pid] });
  const begin = () => {
    reaper = startReaper(begin);
    for (const [part, pid] of watched) tell(part, pid);
  };
  begin();
  return {
    watch(part, pid) {
      watched.set(part, pid);
      tell(part, pid);
    },
    forget(part) {
      watched.delete(part);
      reaper.forget(part);
    },
    stop: () => reaper.close(),
  };
}
