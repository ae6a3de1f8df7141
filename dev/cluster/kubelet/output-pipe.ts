import { execFile } from "node:child_process";
import { closeSync, constants, mkdirSync, openSync, rmSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";

/** Pipes made by one call of mkfifo: a process start for each would cost as much as the container's own. */
const batch = 32;
const run = promisify(execFile);

/** A pipe for a container's stdout and stderr together: our end, and the descriptor the container gets. */
export type OutputPipe = { output: Socket; childFd: number };

/**
 * Makes pipes for containers. Node's own stdio pipes are sockets, one for each stream: the order of lines between stdout and stderr
 * would be lost, and `echo x > /dev/stderr` fails on a socket. A FIFO is a real pipe.
 */
export class OutputPipes {
  readonly #folder: string;
  #ready: string[] = [];
  #made = 0;
  #making: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  /** Opens a fresh pipe; the caller closes `childFd` once the container has it. */
  async open(): Promise<OutputPipe> {
    let path = this.#ready.pop();
    while (path === undefined) {
      this.#making ??= this.#make();
      await this.#making;
      path = this.#ready.pop();
    }
    // Without O_NONBLOCK opening the reading end would wait for a writer.
    const ownFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const childFd = openSync(path, constants.O_WRONLY);
    rmSync(path);
    return { output: new Socket({ fd: ownFd, readable: true, writable: false }), childFd };
  }

  async #make(): Promise<void> {
    const paths = Array.from({ length: batch }, () => join(this.#folder, String(this.#made++)));
    try {
      await run("mkfifo", ["-m", "600", ...paths]);
      this.#ready.push(...paths);
    } finally {
      this.#making = undefined;
    }
  }
}

/** Closes the container's end in this process. */
export function closeChildEnd(pipe: OutputPipe): void {
  closeSync(pipe.childFd);
}
