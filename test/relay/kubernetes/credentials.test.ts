import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KubernetesApi } from "../../../relay/kubernetes/api.ts";
import { loadClusterAccess } from "../../../relay/kubernetes/config.ts";
import { quickClock } from "../support/scripted-api.ts";

/** An API server that lets in whoever shows the good token. */
let server: Server;
let good: string;
let shown: string[];
let folder: string;
let api: KubernetesApi;
let clock: ReturnType<typeof quickClock>;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "watchbell-credentials-"));
  shown = [];
  server = createServer((request, response) => {
    shown.push(request.headers.authorization ?? "");
    response.writeHead(request.headers.authorization === `Bearer ${good}` ? 200 : 401).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await api.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const tokenPath = () => path.join(folder, "token");
const kubeconfigPath = () => path.join(folder, "kubeconfig");

function writeKubeconfig(user: object): void {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = {
    clusters: [{ name: "c", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(kubeconfigPath(), JSON.stringify(config));
}

function open(): void {
  const access = loadClusterAccess(kubeconfigPath());
  if (!access.ok) throw new Error(access.sentence);
  clock = quickClock();
  api = new KubernetesApi(access.value, clock, () => {});
}

const ask = (method: "GET" | "POST" = "GET") => api.request({ method, path: "/x" });

describe("the token", () => {
  it("is read from a kubeconfig's tokenFile, which may lie beside it and end with a newline", async () => {
    good = "first";
    writeFileSync(tokenPath(), "first\n");
    writeKubeconfig({ tokenFile: "token" });
    open();

    expect(await ask()).toMatchObject({ ok: true });
  });

  it("that was replaced is read again as soon as the old one is refused, and the request is repeated", async () => {
    good = "first";
    writeFileSync(tokenPath(), "first");
    writeKubeconfig({ tokenFile: tokenPath() });
    open();
    await ask();

    good = "second";
    writeFileSync(tokenPath(), "second");

    expect(await ask()).toMatchObject({ ok: true });
    expect(shown).toEqual(["Bearer first", "Bearer first", "Bearer second"]);
  });

  it("of a create is read again too, but the create is left to its next attempt", async () => {
    good = "second";
    writeFileSync(tokenPath(), "first");
    writeKubeconfig({ tokenFile: tokenPath() });
    open();
    const first = ask("POST");
    expect(await first).toMatchObject({ ok: false, failure: { status: 401 } });
    writeFileSync(tokenPath(), "second");

    expect(await ask("POST")).toMatchObject({ ok: true });
    expect(shown).toHaveLength(2);
  });

  it("in the kubeconfig itself may be replaced as well", async () => {
    good = "first";
    writeKubeconfig({ token: "first" });
    open();
    await ask();

    good = "second";
    writeKubeconfig({ token: "second" });

    expect(await ask()).toMatchObject({ ok: true });
  });

  it("that stays bad is read again once a second at most, and works as soon as it is good", async () => {
    good = "good";
    writeKubeconfig({ token: "bad" });
    open();
    for (let times = 0; times < 5; times++) expect(await ask()).toMatchObject({ failure: { status: 401 } });
    expect(shown).toHaveLength(6);

    writeKubeconfig({ token: "good" });
    clock.forward(1_000);

    expect(await ask()).toMatchObject({ ok: true });
  });

  it("that can't be read is a failure that says so, and reached nobody", async () => {
    good = "good";
    writeFileSync(tokenPath(), "good");
    writeKubeconfig({ tokenFile: tokenPath() });
    open();
    rmSync(tokenPath());

    expect(await ask()).toMatchObject({ failure: { status: 0, reason: "Credentials", message: "ENOENT" } });
    expect(shown).toEqual([]);
    writeFileSync(tokenPath(), "good");
    expect(await ask()).toMatchObject({ ok: true });
  });
});
