import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { alone, cacheFolder, type Progress } from "./cache.ts";
import { mustRun, run } from "./run.ts";

/** etcd under every control plane; the rest is the real node's. */
const PACKAGES = ["etcd-server", "containerd", "runc", "containernetworking-plugins", "busybox-static"];

/** Where the unpacked packages' programs lie. */
export type DebianPrograms = {
  etcd: string;
  containerd: string;
  ctr: string;
  runc: string;
  cni: string;
  busybox: string;
};

/**
 * Debian's packages, unpacked into the cache and not installed: installing them would start their services. The lists are
 * brought up to date only where a package can't be found. Throws one sentence where this is no Debian or nothing can be fetched.
 */
export async function debianPrograms(progress: Progress): Promise<DebianPrograms> {
  const folder = cacheFolder(`debian-${codename()}-${process.arch}`);
  const root = path.join(folder, "root");
  if (!existsSync(root)) {
    await alone(folder, progress, async () => {
      if (!existsSync(root)) await unpack(folder, root, progress);
    });
  }
  return {
    etcd: path.join(root, "usr/bin/etcd"),
    containerd: path.join(root, "usr/bin/containerd"),
    ctr: path.join(root, "usr/bin/ctr"),
    runc: path.join(root, "usr/sbin/runc"),
    cni: path.join(root, "usr/lib/cni"),
    busybox: path.join(root, "bin/busybox"),
  };
}

function codename(): string {
  const found = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  return /^VERSION_CODENAME=(\S+)$/m.exec(found)?.[1] ?? "unknown";
}

async function unpack(folder: string, root: string, progress: Progress): Promise<void> {
  progress(`fetching Debian's ${PACKAGES.join(", ")} …`);
  const draft = mkdtempSync(path.join(folder, "draft-"));
  try {
    // apt's own user may not write into a folder of ours.
    const args = ["download", "-qq", "-o", "APT::Sandbox::User=root", ...PACKAGES];
    const first = await run("apt-get", args, { cwd: draft });
    if (first.code === 127) throw new Error("apt-get is not there: etcd and containerd come from Debian's packages");
    if (first.code !== 0) {
      await mustRun("apt-get", ["update", "-qq"]);
      await mustRun("apt-get", args, { cwd: draft });
    }
    const files = path.join(draft, "root");
    mkdirSync(files);
    for (const name of readdirSync(draft).filter((file) => file.endsWith(".deb"))) {
      await mustRun("dpkg", ["-x", path.join(draft, name), files]);
    }
    renameSync(files, root);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
