import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "../../../dev/start/ready.ts";
import { miniflareOptionsOf, readWorkerConfig } from "../../../dev/start/worker-config.ts";
import { tempFolder } from "../../support/temp-folder.ts";

describe("the Worker's configuration", () => {
  test("gives the local Worker every binding of the deployed one", () => {
    const options = miniflareOptionsOf(readWorkerConfig(ROOT));

    expect(options).toMatchObject({
      compatibilityFlags: ["global_fetch_strictly_public"],
      d1Databases: { DB: { id: "local" } },
      durableObjects: {
        JOBS: { className: "JobObject", useSQLite: true },
        CLUSTERS: { className: "ClusterObject", useSQLite: true },
      },
    });
    expect(Object.keys(options.ratelimits)).toEqual(["RATE_LIMIT"]);
  });

  test("with a binding that a local Worker does not get is refused by name", () => {
    const dir = tempFolder();
    const real = readFileSync(path.join(ROOT, "wrangler.toml"), "utf8");
    writeFileSync(
      path.join(dir, "wrangler.toml"),
      `${real}\n[[queues.producers]]\nqueue = "bells"\nbinding = "BELLS"\n`,
    );

    expect(() => readWorkerConfig(dir)).toThrow(/^wrangler\.toml: .*"queues"/);
  });
});
