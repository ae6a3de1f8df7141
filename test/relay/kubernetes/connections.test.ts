import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { request } from "undici";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadCredentials } from "../../../dev/cluster/credentials.ts";
import { type Connections, openConnections } from "../../../relay/kubernetes/connections.ts";

/** An API server over TLS that answers `/ok` and takes all else without an answer. */
let server: Server;
let connections: Connections;
let ends: string[];
let seen: string[];
let opened: number;
let url: string;

beforeEach(async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "watchbell-connections-"));
  const { key, cert } = await loadCredentials(folder);
  rmSync(folder, { recursive: true });
  const endsOfThis: string[] = [];
  ends = endsOfThis;
  seen = [];
  opened = 0;
  server = createServer({ key, cert }, (asked, response) => {
    seen.push(asked.url ?? "");
    if (asked.url === "/ok") response.end("ok");
  });
  server.on("secureConnection", (socket) => {
    opened++;
    socket.on("error", (error: NodeJS.ErrnoException) => endsOfThis.push(error.code ?? ""));
    socket.on("end", () => endsOfThis.push("end"));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  connections = openConnections({ ca: cert }, null);
});
afterEach(async () => {
  await Promise.all([connections.unary.destroy(), connections.streams.destroy()]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe("a connection", () => {
  it("is reset when its request is given up, so that nothing of it can arrive later", async () => {
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const asked = request(`${url}/hang`, { method: "POST", body: "{}", dispatcher: connections.unary, signal });
    await vi.waitFor(() => expect(seen).toEqual(["/hang"]));

    giveUp.abort();

    await expect(asked).rejects.toThrow();
    await vi.waitFor(() => expect(ends).toEqual(["ECONNRESET"]));
  });

  it("is kept for the next request when it did its work", async () => {
    for (let times = 0; times < 10; times++) {
      const answer = await request(`${url}/ok`, { dispatcher: connections.unary });
      expect(await answer.body.text()).toBe("ok");
    }

    // A request that comes in the same turn as the end of the last one finds its connection still busy.
    expect(opened).toBeLessThanOrEqual(2);
    expect(ends).toEqual([]);
  });

  it("that nobody accepts says so, and that nothing was sent", async () => {
    const asked = request("https://127.0.0.1:1/", { dispatcher: connections.unary });

    await expect(asked).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("to a server with another certificate is refused", async () => {
    const others = openConnections({}, null);
    const asked = request(`${url}/ok`, { dispatcher: others.unary });

    await expect(asked).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    await Promise.all([others.unary.destroy(), others.streams.destroy()]);
  });
});
