import { parseArgs } from "node:util";
import { type ClusterOptions, startCluster } from "./cluster.ts";

const help = `The embedded cluster: a Kubernetes API for Jobs and Pods whose containers are local processes.

  --state DIR         folder of all state               (default .watchbell/cluster)
  --kubeconfig PATH   where the kubeconfig is written   (default: kubeconfig beside the state folder)
  --port N            port on 127.0.0.1                 (default 0: that of the last start, or any)
  --audit-log PATH    writes one JSON line per request
  --faults            serves fault injection at /watchbell/faults
  --help              this text
`;

/** How long a stop may take before the process ends regardless, ms; what is left then is the reaper's. */
const stopLimitMs = 4_500;

/** What the command line asks for, or the sentence that says what is wrong with it. */
type Command = { kind: "run"; options: ClusterOptions } | { kind: "help" } | { kind: "wrong"; sentence: string };

function readCommand(args: string[]): Command {
  try {
    const { values } = parseArgs({
      args,
      options: {
        state: { type: "string", default: ".watchbell/cluster" },
        kubeconfig: { type: "string" },
        port: { type: "string", default: "0" },
        "audit-log": { type: "string" },
        faults: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    if (!/^\d+$/.test(values.port) || Number(values.port) > 65_535) {
      return { kind: "wrong", sentence: `--port must be a number from 0 to 65535, not "${values.port}".` };
    }
    const options: ClusterOptions = {
      stateFolder: values.state,
      port: Number(values.port),
      hasFaultPath: values.faults,
    };
    if (values.kubeconfig !== undefined) options.kubeconfig = values.kubeconfig;
    if (values["audit-log"] !== undefined) options.auditLog = values["audit-log"];
    return { kind: "run", options };
  } catch (error) {
    return { kind: "wrong", sentence: error instanceof Error ? error.message : String(error) };
  }
}

async function run(options: ClusterOptions): Promise<void> {
  const cluster = await startCluster(options);
  let isStopping = false;
  const stop = () => {
    // The same Ctrl-C may come twice: by the terminal and by npm.
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => process.exit(0), stopLimitMs).unref();
    cluster.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error("cluster:", error);
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  process.on("disconnect", stop);
  console.log(`cluster ready: ${cluster.url} kubeconfig=${cluster.kubeconfig}`);
  process.send?.({ type: "ready", url: cluster.url, kubeconfig: cluster.kubeconfig });
}

const command = readCommand(process.argv.slice(2));
switch (command.kind) {
  case "help":
    console.log(help);
    break;
  case "wrong":
    console.error(`cluster: ${command.sentence}`);
    process.exitCode = 2;
    break;
  case "run":
    await run(command.options).catch((error: unknown) => {
      console.error(`cluster: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    });
}
