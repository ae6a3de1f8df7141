import { Worker } from "node:worker_threads";
import type { ThreadOrder, ThreadReport } from "./node-thread.ts";

/** What the thread is started with; plain data, since it is copied. */
export type NodeThreadData = {
  config: { url: string; ca: string; token: string };
  nodeName: string;
  stateFolder: string;
  tls: { key: string; cert: string };
  logToken: string;
};

/** The kubelet and the controllers at work in a thread of their own. */
export type NodeThread = { stop: () => Promise<void> };

/** Starts the thread and waits until it takes pods; throws where it can't. */
export async function startNodeThread(
  workerData: NodeThreadData,
  onProblem: (problem: string) => void,
): Promise<NodeThread> {
  // Pipes are opened by number and closed by their stream. The thread's own list of open files does not see that: it would warn,
  // and close whoever has the number by then when the thread ends.
  const worker = new Worker(new URL("./node-thread.ts", import.meta.url), {
    workerData,
    execArgv: [],
    trackUnmanagedFds: false,
  });
  let onReport: (report: ThreadReport) => void = () => {};
  const ended = new Promise<ThreadReport>((resolve) => {
    worker.on("error", (error) =>
      resolve({ kind: "failed", problem: error instanceof Error ? error.message : String(error) }),
    );
    worker.on("exit", () => resolve({ kind: "stopped" }));
  });
  worker.on("message", (report: ThreadReport) => {
    if (report.kind === "problem") onProblem(report.problem);
    else onReport(report);
  });
  const next = () =>
    Promise.race([
      ended,
      new Promise<ThreadReport>((resolve) => {
        onReport = resolve;
      }),
    ]);
  const first = await next();
  if (first.kind !== "ready") {
    await worker.terminate();
    throw new Error(first.kind === "failed" ? first.problem : "The kubelet's thread ended while it started.");
  }
  let isStopping = false;
  void ended.then((report) => {
    if (!isStopping)
      onProblem(`the kubelet's thread ended: ${report.kind === "failed" ? report.problem : report.kind}`);
  });
  return {
    stop: async () => {
      isStopping = true;
      const order: ThreadOrder = "stop";
      onReport = (report) => {
        if (report.kind === "failed") onProblem(report.problem);
      };
      worker.postMessage(order);
      await ended;
    },
  };
}
