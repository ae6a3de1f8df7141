import { parentPort, workerData } from "node:worker_threads";
import { z } from "zod";
import { type Controllers, startControllers } from "./controllers/controllers.ts";
import { Kubelet } from "./kubelet/kubelet.ts";

/** What the thread is started with. */
const ThreadData = z.object({
  config: z.object({ url: z.string(), ca: z.string(), token: z.string() }),
  nodeName: z.string(),
  stateFolder: z.string(),
  tls: z.object({ key: z.string(), cert: z.string() }),
  logToken: z.string(),
});

/** What the thread is told and tells. */
export type ThreadOrder = "stop";
export type ThreadReport =
  | { kind: "ready" }
  | { kind: "stopped" }
  | { kind: "problem"; problem: string }
  | { kind: "failed"; problem: string };

/**
 * The thread of the kubelet and the controllers: starting a process stops its thread for a millisecond or two, which must not hold
 * up the API server. They share nothing with it but HTTP.
 */
async function run(): Promise<void> {
  const report = (message: ThreadReport) => parentPort?.postMessage(message);
  const onProblem = (problem: string) => report({ kind: "problem", problem });
  const data = ThreadData.parse(workerData);
  let controllers: Controllers | undefined;
  try {
    const kubelet = new Kubelet({ ...data, isBinding: true, onProblem });
    parentPort?.on("message", () => {
      const stopping = Promise.all([controllers?.stop(), kubelet.stop()]);
      stopping.then(
        () => process.exit(0),
        (error: unknown) => {
          report({ kind: "failed", problem: String(error) });
          process.exit(1);
        },
      );
    });
    [controllers] = await Promise.all([startControllers(data.config, onProblem), kubelet.start()]);
    report({ kind: "ready" });
  } catch (error) {
    report({ kind: "failed", problem: error instanceof Error ? error.message : String(error) });
  }
}

await run();
