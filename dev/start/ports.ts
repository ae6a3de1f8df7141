import { once } from "node:events";
import { createServer } from "node:net";
import { HOST } from "./ready.ts";

/** The port itself where it is free (0: one that is free now); null: another program listens on it. */
export async function freePort(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen({ host: HOST, port, exclusive: true });
    await once(server, "listening");
    const address = server.address();
    return typeof address === "object" && address ? address.port : null;
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "EADDRINUSE" || error.code === "EACCES"))
      return null;
    throw error;
  } finally {
    server.close();
  }
}
