import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { alone, cacheFolder, MODULE_FOLDER, moduleHash, type Progress } from "./cache.ts";
import { mustRun, type Watcher } from "./run.ts";

/** The programs of Kubernetes, in the order in which they are built: the API server first, it compiles what the others share. */
export const PROGRAMS = ["kube-apiserver", "kube-controller-manager", "kubectl", "kube-scheduler", "kubelet"] as const;
export type Program = (typeof PROGRAMS)[number];

/** How often a build that is still going on says so, ms. */
const SIGN_OF_LIFE_MS = 30_000;

/** The Kubernetes version that go.mod asks for, such as v1.36.3. Throws where the file names none. */
export function kubernetesVersion(goMod: string): string {
  const version = /^require k8s\.io\/kubernetes (v\d+\.\d+\.\d+)\s*$/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error("test/kubernetes/go.mod requires no k8s.io/kubernetes");
  return version;
}

/** The linker's flags; without the version in them `/version` answers v0.0.0-master, which clients refuse as too old. */
export function linkerFlags(version: string): string {
  const [major = "", minor = ""] = version.slice(1).split(".");
  const at = "k8s.io/component-base/version";
  return `-s -w -X ${at}.gitVersion=${version} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`;
}

/**
 * The folder of the built programs; builds what is missing, which takes minutes the first time and a gigabyte or three of Go's
 * own cache. Throws one sentence where there is no Go or the build fails.
 */
export async function kubernetesPrograms(progress: Progress, watcher?: Watcher): Promise<string> {
  const flags = linkerFlags(kubernetesVersion(readFileSync(path.join(MODULE_FOLDER, "go.mod"), "utf8")));
  const folder = cacheFolder(`kubernetes-${moduleHash([flags])}`);
  const bin = path.join(folder, "bin");
  const missing = () => PROGRAMS.filter((program) => !existsSync(path.join(bin, program)));
  if (missing().length === 0) return bin;
  const buildAll = async () => {
    mkdirSync(bin, { recursive: true });
    const programs = missing();
    for (const [at, program] of programs.entries()) {
      watcher?.signal.throwIfAborted();
      progress(`building ${program} (${at + 1} of ${programs.length}; all of them take 6 to 10 minutes, once) …`);
      await build(program, bin, flags, { progress, watcher });
    }
  };
  await alone(folder, progress, buildAll, watcher?.signal);
  return bin;
}

async function build(
  program: Program,
  bin: string,
  flags: string,
  { progress, watcher }: { progress: Progress; watcher: Watcher | undefined },
): Promise<void> {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1_000);
  const alive = setInterval(() => progress(`still building ${program}, ${seconds()} s …`), SIGN_OF_LIFE_MS);
  const draft = path.join(bin, `.${program}`);
  // `readonly`: what go.sum does not vouch for is not built, and the checkout stays as it is.
  const settings = { CGO_ENABLED: "0", GOFLAGS: "-mod=readonly -buildvcs=false", GOTOOLCHAIN: "local" };
  // Go leaves its own behind when it is ended; whoever builds here next clears this one up.
  const work = path.join(bin, ".work");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  const env = { ...process.env, ...settings, GOTMPDIR: work };
  const args = ["build", "-trimpath", "-ldflags", flags, "-o", draft, `k8s.io/kubernetes/cmd/${program}`];
  try {
    await mustRun("go", args, { watcher, cwd: MODULE_FOLDER, env });
  } finally {
    clearInterval(alive);
    rmSync(work, { recursive: true, force: true });
  }
  renameSync(draft, path.join(bin, program));
  progress(`built ${program} in ${seconds()} s`);
}
