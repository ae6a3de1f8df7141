import { existsSync } from "node:fs";
import { join } from "node:path";
import { ContainerLog } from "./container-log.ts";

/** The node's logs: where each lies, and which are still being written. */
export class LogShelf {
  readonly #podsFolder: string;
  readonly #live = new Map<string, ContainerLog>();

  constructor(podsFolder: string) {
    this.#podsFolder = podsFolder;
  }

  /** Begins the log of one start of a container. */
  begin(podUid: string, container: string, restart: number, clock: () => string): ContainerLog {
    const log = new ContainerLog(this.#path(podUid, container, restart), clock);
    this.#live.set(log.path, log);
    return log;
  }

  /** Notes that a log is complete. */
  end(log: ContainerLog): void {
    log.close();
    this.#live.delete(log.path);
  }

  /** Finds the newest log of a container, or the one before; undefined where there is none. */
  find(
    podUid: string,
    container: string,
    isPrevious: boolean,
  ): { path: string; live: ContainerLog | undefined } | undefined {
    let restart = 0;
    while (existsSync(this.#path(podUid, container, restart + 1))) restart += 1;
    if (isPrevious) restart -= 1;
    const path = this.#path(podUid, container, restart);
    return existsSync(path) ? { path, live: this.#live.get(path) } : undefined;
  }

  #path(podUid: string, container: string, restart: number): string {
    return join(this.#podsFolder, podUid, `${container}.${restart}.log`);
  }
}
