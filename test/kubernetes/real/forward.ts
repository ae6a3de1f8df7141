import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { pathToFileURL } from "node:url";

/** Where a connection comes in, or goes to. */
type Place = { path: string } | { host: string; port: number };

/**
 * Hands every connection on, byte for byte. A Unix socket is reached across network namespaces, a port is not: two of these make
 * an API server inside one reachable on this machine's loopback. Resolves when it listens.
 */
export async function forward(from: Place, to: Place): Promise<{ close: () => void }> {
  const open = new Set<Socket>();
  const server: Server = createServer((incoming) => {
    const outgoing = connect(to);
    for (const [one, other] of [
      [incoming, outgoing],
      [outgoing, incoming],
    ] as const) {
      open.add(one);
      one.pipe(other);
      // The other end learns of it by its own end; there is nobody else to tell.
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  if ("path" in from) rmSync(from.path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(from, resolve);
  });
  return {
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , socketPath = "", port = ""] = process.argv;
  await forward({ path: socketPath }, { host: "127.0.0.1", port: Number(port) });
}
