import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { ROOT } from "../../dev/start/ready.ts";
import { startSystem } from "../support/system.ts";
import { tempFolder } from "../support/temp-folder.ts";

const run = promisify(execFile);

/** The README's TypeScript block, whole. */
function exampleInReadme(): string {
  const [, example] = /```ts\n(.*?)```/s.exec(readFileSync(path.join(ROOT, "README.md"), "utf8")) ?? [];
  if (example === undefined) throw new Error("README.md has no ts block");
  return example;
}

/** A project that has installed the packed client, and nothing but it and Node's types. */
async function projectWithClient(): Promise<string> {
  const folder = tempFolder();
  const { stdout } = await run("npm", ["pack", "./client", "--silent", "--pack-destination", folder], { cwd: ROOT });
  const modules = path.join(folder, "node_modules");
  mkdirSync(path.join(modules, "watchbell"), { recursive: true });
  const archive = path.join(folder, stdout.trim().split("\n").at(-1) ?? "");
  await run("tar", ["-xzf", archive, "--strip-components=1", "-C", path.join(modules, "watchbell")]);
  for (const name of ["@types", "undici-types"])
    symlinkSync(path.join(ROOT, "node_modules", name), path.join(modules, name));
  writeFileSync(path.join(folder, "package.json"), '{ "type": "module" }');
  return folder;
}

test("the README's example type-checks and runs, with the packed client against a whole system", {
  timeout: 90_000,
}, async () => {
  const system = startSystem();
  const folder = await projectWithClient();
  const { url, token } = await system.ready();
  writeFileSync(path.join(folder, "example.ts"), exampleInReadme().replace("http://127.0.0.1:8787", url));

  const tsc = path.join(ROOT, "node_modules/.bin/tsc");
  const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node"];
  await run(tsc, [...flags, "example.ts"], { cwd: folder });
  const { stdout } = await run(process.execPath, ["example.ts"], {
    cwd: folder,
    env: { ...process.env, TOKEN: token },
  });

  expect(stdout).toMatch(/^succeeded after \d+ ms, at \S+ k8s jobs !!!\n\n105 .*hello-again.*\n$/);
});
