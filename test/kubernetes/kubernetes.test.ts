import path from "node:path";
import { describe, expect, test } from "vitest";
import { isListening } from "../support/leaks.ts";
import { tempFolder } from "../support/temp-folder.ts";
import { until } from "../support/wait.ts";
import { kubernetesPrograms, kubernetesVersion, linkerFlags } from "./binaries/kubernetes.ts";
import { run } from "./binaries/run.ts";
import { MAIN, processesIn, startUp, untilReady } from "./up.ts";

describe("the version that is built", () => {
  test("is the one that go.mod requires, told to the linker part by part", () => {
    const version = kubernetesVersion("module a\n\nrequire k8s.io/kubernetes v1.36.3\n");
    expect(version).toBe("v1.36.3");
    expect(linkerFlags(version)).toMatch(/gitVersion=v1\.36\.3 .*gitMajor=1 .*gitMinor=36$/);
  });

  test("a go.mod without it is refused", () => {
    expect(() => kubernetesVersion("module a\n")).toThrow("requires no k8s.io/kubernetes");
  });
});

describe("npm run kubernetes", () => {
  test("up says one line when it is there, a second up is refused, and down ends all of it", async () => {
    const bin = await kubernetesPrograms(console.log);
    const state = tempFolder();
    const first = startUp(state);
    const { port, kubeconfig } = await untilReady(first);
    const version = await run(path.join(bin, "kubectl"), ["--kubeconfig", kubeconfig, "version"]);
    expect(version.output).toContain("Server Version: v1.36.3");
    expect((await run(process.execPath, [MAIN, "kubeconfig", "--state", state])).output.trim()).toBe(kubeconfig);

    const second = await run(process.execPath, [MAIN, "up", "--state", state]);
    expect(second.code).toBe(1);
    expect(second.output).toContain(`is in use by process ${first.pid}`);

    expect((await run(process.execPath, [MAIN, "down", "--state", state])).code).toBe(0);
    expect(first.exitCode).toBe(0);
    expect(processesIn(state)).toEqual([]);
    expect(await isListening(port)).toBe(false);
  });

  test("after a kill -9 of it nothing is left within 3 s", async () => {
    const state = tempFolder();
    const child = startUp(state);
    const { port } = await untilReady(child);
    child.kill("SIGKILL");
    // A process that is ending has no command line any more and may still hold its port for a moment.
    const isOver = async () => processesIn(state).length === 0 && !(await isListening(port));
    await until("every process is gone and the port is free", isOver, 3_000);
  });

  test("a word that it does not know gets the help and code 2", async () => {
    const { code, output } = await run(process.execPath, [MAIN, "upp"]);
    expect(code).toBe(2);
    expect(output).toContain("up [--real]");
  });
});
