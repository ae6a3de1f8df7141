import { connect } from "node:net";
import { processesOf } from "../../dev/start/leftovers.ts";
import { until } from "./wait.ts";

/** Whether something listens on a port of this machine. */
export async function isListening(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Throws unless every process of the system in that folder is gone and its ports are closed within the time. */
export async function nothingIsLeft(stateDir: string, ports: readonly number[], withinMs: number): Promise<void> {
  let left: number[] = [];
  try {
    await until(
      "no process of the system is left",
      async () => {
        left = await processesOf(stateDir);
        return left.length === 0;
      },
      withinMs,
    );
  } catch {
    throw new Error(`after ${withinMs} ms these processes of ${stateDir} are left: ${left.join(", ")}`);
  }
  // A process that is ending has no environment any more, and may still hold its port for a moment.
  for (const port of ports) await until(`port ${port} is free`, async () => !(await isListening(port)), withinMs);
}

/** Whether a process is there; a zombie that its parent has not collected counts as gone. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
