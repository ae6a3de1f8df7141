import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { mustRun } from "../binaries/run.ts";

/** The image's name; it also serves as the pause image, whose command only has to last. */
export const BOX_IMAGE = "localhost/box:1";

/** Makes an OCI image archive of busybox alone, for `ctr images import`: no registry is asked for anything. Answers its path. */
export async function makeBoxImage(busybox: string, dir: string): Promise<string> {
  const root = path.join(dir, "box-root");
  const layout = path.join(dir, "box-layout");
  const layer = path.join(dir, "box-layer.tar");
  const archive = path.join(dir, "box.tar");
  for (const old of [root, layout]) rmSync(old, { recursive: true, force: true });
  await layOutRoot(busybox, root);
  const owner = ["--numeric-owner", "--owner=0", "--group=0", "--mtime=@0", "--sort=name"];
  await mustRun("tar", [...owner, "-C", root, "-cf", layer, "."]);
  const blobs = path.join(layout, "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  const put = (content: Buffer) => {
    const digest = createHash("sha256").update(content).digest("hex");
    writeFileSync(path.join(blobs, digest), content);
    return { digest: `sha256:${digest}`, size: content.length };
  };
  const blob = put(readFileSync(layer));
  const config = put(json(imageConfig(blob.digest)));
  const vendor = "application/vnd.oci.image";
  const manifest = put(
    json({
      schemaVersion: 2,
      mediaType: `${vendor}.manifest.v1+json`,
      config: { mediaType: `${vendor}.config.v1+json`, ...config },
      layers: [{ mediaType: `${vendor}.layer.v1.tar`, ...blob }],
    }),
  );
  const annotations = { "io.containerd.image.name": BOX_IMAGE, "org.opencontainers.image.ref.name": "1" };
  const entry = { mediaType: `${vendor}.manifest.v1+json`, ...manifest, annotations };
  writeFileSync(path.join(layout, "index.json"), json({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(path.join(layout, "oci-layout"), json({ imageLayoutVersion: "1.0.0" }));
  await mustRun("tar", ["-C", layout, "-cf", archive, "."]);
  for (const draft of [root, layout, layer]) rmSync(draft, { recursive: true, force: true });
  return archive;
}

async function layOutRoot(busybox: string, root: string): Promise<void> {
  for (const name of ["bin", "tmp", "etc", "proc", "sys", "dev", "root"]) {
    mkdirSync(path.join(root, name), { recursive: true });
  }
  chmodSync(path.join(root, "tmp"), 0o1777);
  copyFileSync(busybox, path.join(root, "bin", "busybox"));
  chmodSync(path.join(root, "bin", "busybox"), 0o755);
  const applets = (await mustRun(busybox, ["--list"])).split("\n").filter((name) => name !== "" && name !== "busybox");
  for (const applet of applets) symlinkSync("busybox", path.join(root, "bin", applet));
  writeFileSync(path.join(root, "etc", "passwd"), "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n");
  writeFileSync(path.join(root, "etc", "group"), "root:x:0:\nuser:x:1000:\n");
}

function imageConfig(layerDigest: string): object {
  return {
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Env: ["PATH=/bin"], Cmd: ["/bin/sleep", "2147483647"] },
    rootfs: { type: "layers", diff_ids: [layerDigest] },
    history: [{ created_by: "watchbell test/kubernetes" }],
  };
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
