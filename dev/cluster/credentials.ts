import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generate } from "selfsigned";
import { z } from "zod";

/** What the parts of one cluster identify themselves with. Secret: the file that holds it is its owner's alone. */
const Credentials = z.object({
  key: z.string(),
  cert: z.string(),
  /** The token in the kubeconfig. */
  userToken: z.string(),
  /** The kubelet's and the controllers' token: fault rules spare it. */
  systemToken: z.string(),
  /** What the API server shows the kubelet when it reads a log. */
  kubeletToken: z.string(),
});
export type Credentials = z.infer<typeof Credentials>;

const validityDays = 3650;

/** Reads the cluster's certificate and tokens from the state folder, or makes them on the first start. */
export async function loadCredentials(stateFolder: string): Promise<Credentials> {
  const path = join(stateFolder, "credentials.json");
  const found = readIfThere(path);
  if (found !== undefined) return Credentials.parse(JSON.parse(found));
  const made = await makeCredentials();
  writePrivately(path, JSON.stringify(made));
  return made;
}

async function makeCredentials(): Promise<Credentials> {
  const day = 86_400_000;
  const now = Date.now();
  const pems = await generate([{ name: "commonName", value: "watchbell embedded cluster" }], {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: new Date(now - day),
    notAfterDate: new Date(now + validityDays * day),
    extensions: [
      // Its own issuer: clients name this certificate as their authority, so it must be allowed to be one.
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: [
          { type: 7, ip: "127.0.0.1" },
          { type: 2, value: "localhost" },
        ],
      },
    ],
  });
  const token = () => randomBytes(24).toString("base64url");
  return { key: pems.private, cert: pems.cert, userToken: token(), systemToken: token(), kubeletToken: token() };
}

/** Writes a kubeconfig that only its owner may read: whoever has it can run commands on this machine. */
export function writeKubeconfig(path: string, url: string, cert: string, token: string): void {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "watchbell",
        cluster: { server: url, "certificate-authority-data": Buffer.from(cert).toString("base64") },
      },
    ],
    users: [{ name: "watchbell", user: { token } }],
    contexts: [{ name: "watchbell", context: { cluster: "watchbell", user: "watchbell", namespace: "default" } }],
    "current-context": "watchbell",
  };
  // JSON is YAML, and every client reads it.
  writePrivately(path, `${JSON.stringify(config, null, 2)}\n`);
}

/** Replaces a file in one step, so that a crash never leaves half of it. */
export function writePrivately(path: string, text: string): void {
  const next = `${path}.${process.pid}.new`;
  writeFileSync(next, text, { mode: 0o600 });
  renameSync(next, path);
}

/** Reads a text file; undefined where there is none. Throws on any other error. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
