import { readFileSync } from "node:fs";
import { z } from "zod";
import { loadCredentials } from "../../../dev/cluster/credentials.ts";
import { Kubelet } from "../../../dev/cluster/kubelet/kubelet.ts";

const [, , stateFolder = "", url = "", caPath = "", nodeName = ""] = process.argv;
/** In the environment: command lines are there for everybody to read. */
const { NODE_TOKEN } = z.object({ NODE_TOKEN: z.string().min(1) }).parse(process.env);

/**
 * The embedded cluster's kubelet as the node of a real API server: it binds pods and runs their containers as local processes.
 * Arguments: its folder, the API server's address, the file of that server's authority, the node's name.
 */
async function main(): Promise<void> {
  const { key, cert } = await loadCredentials(stateFolder);
  const kubelet = new Kubelet({
    config: { url, ca: readFileSync(caPath, "utf8"), token: NODE_TOKEN },
    nodeName,
    stateFolder,
    isBinding: true,
    tls: { key, cert },
    // The API server shows no token of ours when it reads a log; without --kubelet-certificate-authority it checks no certificate.
    logToken: undefined,
    onProblem: (problem) => console.error(problem),
  });
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    kubelet.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
  // However the one that started it ended.
  process.stdin.on("end", stop).resume();
  await kubelet.start();
}

await main();
