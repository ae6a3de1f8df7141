import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { lockFolder } from "../../../dev/start/lock.ts";
import { openStateFolder, settleCallbackSecrets, settleToken, writePids } from "../../../dev/start/state-folder.ts";
import { tempFolder } from "../../support/temp-folder.ts";

function opened(dir: string) {
  const outcome = openStateFolder(dir);
  if (!outcome.ok) throw new Error(outcome.problem);
  return outcome.folder;
}

function modeOf(file: string): string {
  return (statSync(file).mode & 0o777).toString(8);
}

describe("the state folder", () => {
  test("is made for its owner alone, and an open one is closed", () => {
    const parent = tempFolder();
    mkdirSync(path.join(parent, "open"), { mode: 0o755 });

    opened(path.join(parent, "new"));
    opened(path.join(parent, "open"));

    expect([modeOf(path.join(parent, "new")), modeOf(path.join(parent, "open"))]).toEqual(["700", "700"]);
  });

  test("is refused in one sentence where it can't be made", () => {
    const parent = tempFolder();
    writeFileSync(path.join(parent, "file"), "");

    const outcome = openStateFolder(path.join(parent, "file", "state"));

    expect(outcome).toEqual({
      ok: false,
      problem: `the state folder ${parent}/file/state can't be written (ENOTDIR): see WATCHBELL_STATE`,
    });
  });

  test("is refused where everybody writes", () => {
    const parent = tempFolder();
    const shared = path.join(parent, "shared");
    mkdirSync(shared);
    chmodSync(shared, 0o1777);

    const outcome = openStateFolder(shared);

    expect(outcome.ok).toBe(false);
    expect(modeOf(shared)).toBe("777");
  });

  test("keeps the token it made, and takes the one that is given", () => {
    const folder = opened(tempFolder());

    const made = settleToken(folder, null);
    const kept = settleToken(folder, null);
    const given = settleToken(folder, "given-by-hand");
    const keptAgain = settleToken(folder, null);

    expect(made).toMatch(/^wb_[\w-]{32}$/);
    expect([kept, given, keptAgain]).toEqual([made, "given-by-hand", "given-by-hand"]);
    expect(modeOf(folder.tokenPath)).toBe("600");
  });

  test("makes a secret for callbacks once, keeps it, and takes those that are given", () => {
    const folder = opened(tempFolder());

    const made = settleCallbackSecrets(folder, null);
    const kept = settleCallbackSecrets(folder, null);
    const given = settleCallbackSecrets(folder, `${made.secrets},whsec_other`);

    expect(made).toEqual({ secrets: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{32}$/), made: true });
    expect(kept).toEqual({ secrets: made.secrets, made: false });
    expect(given).toEqual({ secrets: `${made.secrets},whsec_other`, made: false });
    expect(settleCallbackSecrets(folder, null)).toEqual(given);
    expect(modeOf(folder.callbackSecretsPath)).toBe("600");
  });

  test("shows the pids to its owner alone, and leaves no draft behind", () => {
    const folder = opened(tempFolder());

    writePids(folder, { worker: [1], relay: [2], cluster: [3] });
    writePids(folder, { worker: [4], relay: [2], cluster: [3] });

    expect(JSON.parse(readFileSync(folder.pidsPath, "utf8"))).toEqual({ worker: [4], relay: [2], cluster: [3] });
    expect(modeOf(folder.pidsPath)).toBe("600");
    expect(readdirSync(folder.dir).filter((name) => name.includes("new"))).toEqual([]);
  });
});

describe("the lock on a folder", () => {
  const lockModule = path.resolve(import.meta.dirname, "../../../dev/start/lock.ts");

  function lockInAnotherProcess(dir: string, then: string): string {
    const script = `import { lockFolder } from ${JSON.stringify(lockModule)};
      const { ok, holder } = lockFolder(${JSON.stringify(dir)}); console.log(JSON.stringify({ ok, holder })); ${then}`;
    const child = spawnSync(process.execPath, ["--input-type=module-typescript", "-e", script], { encoding: "utf8" });
    return child.stdout.trim() || child.stderr;
  }

  test("is refused to a second process, which learns who holds it", () => {
    const dir = tempFolder();

    const mine = lockFolder(dir);
    const other = lockInAnotherProcess(dir, "");

    expect(mine.ok).toBe(true);
    expect(JSON.parse(other)).toEqual({ ok: false, holder: process.pid });
    if (mine.ok) mine.release();
  });

  test("ends with its holder, a kill -9 included", () => {
    const dir = tempFolder();

    const other = lockInAnotherProcess(dir, 'process.kill(process.pid, "SIGKILL");');
    const mine = lockFolder(dir);

    expect(JSON.parse(other)).toEqual({ ok: true });
    expect(mine.ok).toBe(true);
    if (mine.ok) mine.release();
  });
});
