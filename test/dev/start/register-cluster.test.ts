import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { settleJoinToken } from "../../../dev/start/register-cluster.ts";
import { openStateFolder } from "../../../dev/start/state-folder.ts";
import { tempFolder } from "../../support/temp-folder.ts";

/** The three routes of the control plane that matter here, over its one table. */
async function controlPlane(valid: Set<string>, registered = new Set<string>()) {
  const seen: IncomingMessage[] = [];
  let made = 0;
  const server = createServer(async (request, response) => {
    seen.push(request);
    const answer = (http: number, code: number, data: unknown, cause = "") => {
      response.statusCode = http;
      response.end(JSON.stringify({ code, cause, error_msg: "", data }));
    };
    const chunks = await request.toArray();
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || "null");
    const make = () => {
      made += 1;
      valid.add(`made-${made}`);
      answer(200, 0, { cluster: "local", join_token: `made-${made}` });
    };
    if (request.url === "/relay/local") {
      const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
      return valid.has(token) ? answer(426, 100, null) : answer(401, 100, null);
    }
    if (request.headers.authorization !== "Bearer api-token") return answer(401, 100, null, "no such token");
    if (request.url === "/api/cluster/rotate/local") return make();
    const cluster = typeof body === "object" && body && "cluster" in body ? String(body.cluster) : "";
    if (registered.has(cluster)) return answer(409, 105, null, "there is one");
    registered.add(cluster);
    return make();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return { api: { url, token: "api-token", callerIp: null }, seen };
}

function stateFolder() {
  const outcome = openStateFolder(tempFolder());
  if (!outcome.ok) throw new Error(outcome.problem);
  return outcome.folder;
}

describe("the local cluster's join token", () => {
  test("comes from registering it, and is kept", async () => {
    const folder = stateFolder();
    const { api } = await controlPlane(new Set());

    const first = await settleJoinToken(api, folder, "local");
    const second = await settleJoinToken(api, folder, "local");

    expect([first, second]).toEqual([
      { ok: true, joinToken: "made-1" },
      { ok: true, joinToken: "made-1" },
    ]);
    expect(readFileSync(`${folder.joinTokenPath}-local`, "utf8")).toBe("made-1\n");
  });

  test("is asked for anew where its file is gone", async () => {
    const { api } = await controlPlane(new Set(), new Set(["local"]));

    const settled = await settleJoinToken(api, stateFolder(), "local");

    expect(settled).toEqual({ ok: true, joinToken: "made-1" });
  });

  test("is asked for anew where somebody rotated it away", async () => {
    const folder = stateFolder();
    writeFileSync(`${folder.joinTokenPath}-local`, "an-old-one\n");
    const { api } = await controlPlane(new Set(["another"]), new Set(["local"]));

    const settled = await settleJoinToken(api, folder, "local");

    expect(settled).toEqual({ ok: true, joinToken: "made-1" });
  });

  test("says what the control plane answered where it can't be had", async () => {
    const { api } = await controlPlane(new Set());

    const settled = await settleJoinToken({ ...api, token: "wrong" }, stateFolder(), "local");

    expect(settled).toEqual({ ok: false, problem: "the cluster local could not be registered: no such token" });
  });

  test("is asked for from an allowed address where there is a list of them", async () => {
    const { api, seen } = await controlPlane(new Set());

    await settleJoinToken({ ...api, callerIp: "10.0.0.0" }, stateFolder(), "local");

    expect(seen[0]?.headers["cf-connecting-ip"]).toBe("10.0.0.0");
  });

  test("is a sentence where the Worker ends in the middle of the call", async () => {
    const server = createServer((request) => void request.socket.destroy());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;

    const outcome = await settleJoinToken({ url, token: "api-token", callerIp: null }, stateFolder(), "local");

    expect(outcome).toEqual({ ok: false, problem: "the cluster local could not be registered: other side closed" });
  });
});
