import * as esbuild from "esbuild";

/**
 * Bundles the Worker as wrangler does (4.149, `bundleWorker`: the same esbuild, conditions and defines), once and in memory.
 * Throws with esbuild's own list of errors.
 */
export async function bundleWorker(entry: string, projectDir: string): Promise<string> {
  const nodeEnv = JSON.stringify("production");
  const built = await esbuild.build({
    entryPoints: [entry],
    absWorkingDir: projectDir,
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    keepNames: true,
    // A stack trace in the log names our files; the map costs nothing until one is printed.
    sourcemap: "inline",
    sourcesContent: false,
    define: {
      "navigator.userAgent": JSON.stringify("Cloudflare-Workers"),
      "process.env.NODE_ENV": nodeEnv,
      "global.process.env.NODE_ENV": nodeEnv,
      "globalThis.process.env.NODE_ENV": nodeEnv,
    },
    logLevel: "silent",
  });
  // esbuild keeps a helper process for further builds; there are none.
  await esbuild.stop();
  const [output] = built.outputFiles;
  if (!output) throw new Error(`esbuild made no output of ${entry}`);
  return output.text;
}
