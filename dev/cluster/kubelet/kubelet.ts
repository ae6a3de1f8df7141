import { existsSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { killFamilies } from "../../support/processes.ts";
import { nobody, type Reaper, startReaper } from "../../support/reaper-client.ts";
import { Informer } from "../client/informer.ts";
import { type ClientConfig, type KubeClient, kubeClient } from "../client/kube-client.ts";
import { Pod } from "../client/objects.ts";
import { allPods, podPath } from "../client/paths.ts";
import { startLogServer } from "./log-server.ts";
import { LogShelf } from "./log-shelf.ts";
import { lostPodStatus } from "./lost-pod.ts";
import { registerNode } from "./node.ts";
import { OutputPipes } from "./output-pipe.ts";
import { PodWorker, removePodFolder } from "./pod-worker.ts";
import { Slots } from "./slots.ts";
import { StatusWriter } from "./status-writer.ts";
import { Sweeper } from "./sweeper.ts";

/** What a kubelet is started with. It needs nothing but an API server, this one or a real one. */
export type KubeletOptions = {
  config: ClientConfig;
  nodeName: string;
  stateFolder: string;
  /** Takes pods that no scheduler has bound; false on a cluster that has a scheduler. */
  isBinding: boolean;
  tls: { key: string; cert: string };
  /** What the API server shows when it reads a log; undefined on a real cluster. */
  logToken: string | undefined;
  onProblem: (problem: string) => void;
};

/** Containers being started at the same time: starting a process stops this thread for a millisecond or two. */
const startsAtOnce = 4;
/** Grace that containers get when the kubelet itself stops, ms. */
const stopGraceMs = 1_000;

type Held = { worker: PodWorker; writer: StatusWriter; ended: Promise<void> };

/** A kubelet: binds pods, runs their containers as local processes, tells their status and serves their logs. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #client: KubeClient;
  readonly #reaper: Reaper;
  readonly #runtime: { pipes: OutputPipes; sweeper: Sweeper; reaper: Reaper };
  readonly #podsFolder: string;
  readonly #logs: LogShelf;
  readonly #pods: Informer<Pod>;
  readonly #held = new Map<string, Held>();
  readonly #finishing = new Set<string>();
  readonly #starts = new Slots(startsAtOnce);
  #closeServer: () => void = () => {};
  #isReady = false;
  #isStopping = false;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#client = kubeClient(options.config);
    mkdirSync(join(options.stateFolder, "pods"), { recursive: true, mode: 0o700 });
    this.#podsFolder = realpathSync(join(options.stateFolder, "pods"));
    this.#logs = new LogShelf(this.#podsFolder);
    this.#reaper = startReaper(options.onProblem);
    // Whatever a container did to its environment, a working directory in here gives it away.
    this.#reaper.watch("pods", { ...nobody, folder: this.#podsFolder });
    this.#runtime = {
      pipes: new OutputPipes(join(options.stateFolder, "pipes")),
      sweeper: new Sweeper(),
      reaper: this.#reaper,
    };
    this.#pods = new Informer<Pod>({
      client: this.#client,
      path: allPods,
      parse: (object) => Pod.parse(object),
      onChange: (current, last) => {
        if (this.#isReady) this.#podChanged(current, last);
      },
      onProblem: options.onProblem,
    });
  }

  /** Registers the node and begins to take pods. */
  async start(): Promise<void> {
    const { nodeName, tls, logToken, onProblem } = this.#options;
    // What a crash left running, should the reaper have been killed too.
    killFamilies([{ ...nobody, folder: this.#podsFolder }]);
    const findPod = (namespace: string, name: string) => this.#pods.get(namespace, name);
    const { server, port } = await startLogServer({ tls, token: logToken, findPod, logs: this.#logs, onProblem });
    this.#closeServer = () => {
      server.close();
      server.closeAllConnections();
    };
    await registerNode(this.#client, nodeName, port, Date.now());
    await this.#pods.start();
    const known = this.#pods.all();
    this.#removeLeftovers(known);
    // Pods that were here before this start have lost their containers.
    for (const pod of known) if (this.#isMine(pod) && existsSync(this.#folderOf(pod))) this.#failLost(pod);
    this.#isReady = true;
    for (const pod of known) this.#podChanged(pod, pod);
  }

  /** Ends every container, waits for them, and stops; their pods are failed at the next start. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#pods.stop();
    for (const { worker, writer } of this.#held.values()) {
      writer.stop();
      worker.stop(stopGraceMs);
    }
    await Promise.all([...this.#held.values()].map((held) => held.ended));
    await this.#reaper.close();
    this.#closeServer();
    await this.#client.close();
  }

  #isMine(pod: Pod): boolean {
    return pod.spec.nodeName === this.#options.nodeName;
  }

  #folderOf(pod: Pod): string {
    return join(this.#podsFolder, pod.metadata.uid);
  }

  #podChanged(current: Pod | undefined, last: Pod): void {
    if (this.#isStopping) return;
    const { uid } = last.metadata;
    const held = this.#held.get(uid);
    if (current === undefined) {
      // Taken away by force: nobody waits for a confirmation.
      if (held !== undefined) held.worker.stop(0);
      else this.#cleanUp(last);
      return;
    }
    const isTaken = held !== undefined || this.#finishing.has(uid);
    const isFree = (current.spec.nodeName ?? "") === "" && this.#options.isBinding;
    if (current.metadata.deletionTimestamp !== undefined) {
      if (this.#isMine(current)) this.#end(current, held);
    } else if (!isTaken && (isFree || this.#isMine(current)) && !isOver(current)) this.#begin(current);
  }

  #end(pod: Pod, held: Held | undefined): void {
    const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 0) * 1000;
    if (held !== undefined) held.worker.stop(graceMs);
    else if (!this.#finishing.has(pod.metadata.uid)) this.#inBackground(pod, this.#confirm(pod));
  }

  #begin(pod: Pod): void {
    const { uid } = pod.metadata;
    const writer = new StatusWriter(this.#client, pod, (written) => this.#pods.observe(written));
    const worker = new PodWorker({
      pod,
      runtime: this.#runtime,
      logs: this.#logs,
      folder: this.#folderOf(pod),
      path: process.env.PATH ?? "/usr/bin:/bin",
      publish: (status) => writer.write(status),
    });
    const ended = this.#run(pod, worker, writer).catch((error: unknown) => {
      this.#options.onProblem(`pod ${pod.metadata.name}: ${error instanceof Error ? error.message : String(error)}`);
      this.#held.delete(uid);
    });
    this.#held.set(uid, { worker, writer, ended });
  }

  async #run(pod: Pod, worker: PodWorker, writer: StatusWriter): Promise<void> {
    const release = await this.#starts.take();
    try {
      if (!(await this.#bind(pod))) {
        this.#held.delete(pod.metadata.uid);
        return;
      }
      // The folder is the note that a container of this pod may have started: after a crash it is not started again.
      mkdirSync(this.#folderOf(pod), { mode: 0o700 });
    } finally {
      release();
    }
    await worker.run();
    await writer.settled();
    const { uid, namespace, name } = pod.metadata;
    this.#held.delete(uid);
    if (this.#isStopping) return;
    const now = this.#pods.get(namespace, name);
    if (now === undefined || now.metadata.uid !== uid) this.#cleanUp(pod);
    else if (now.metadata.deletionTimestamp !== undefined) this.#inBackground(now, this.#confirm(now));
  }

  /** Binds a pod that nobody has bound; false where it went elsewhere or away. */
  async #bind(pod: Pod): Promise<boolean> {
    if (this.#isMine(pod)) return true;
    const { name } = pod.metadata;
    const target = { apiVersion: "v1", kind: "Node", name: this.#options.nodeName };
    const reply = await this.#client.create(`${podPath(pod)}/binding`, {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name },
      target,
    });
    if (reply.code !== 201 && reply.code !== 404 && reply.code !== 409) {
      throw new Error(`the binding of ${name} was answered ${reply.code}: ${JSON.stringify(reply.body).slice(0, 300)}`);
    }
    return reply.code === 201;
  }

  /** Tells the API server that nothing of a deleted pod runs any more: only then does the object go. */
  async #confirm(pod: Pod): Promise<void> {
    if (!isOver(pod)) await this.#writeLost(pod);
    const options = { gracePeriodSeconds: 0, preconditions: { uid: pod.metadata.uid } };
    const reply = await this.#client.remove(podPath(pod), options);
    if (![200, 404, 409].includes(reply.code)) throw new Error(`the confirmation was answered ${reply.code}`);
  }

  #failLost(pod: Pod): void {
    if (!isOver(pod)) this.#inBackground(pod, this.#writeLost(pod));
  }

  async #writeLost(pod: Pod): Promise<void> {
    const writer = new StatusWriter(this.#client, pod, (written) => this.#pods.observe(written));
    writer.write(lostPodStatus(pod, Date.now()));
    await writer.settled();
  }

  #inBackground(pod: Pod, work: Promise<void>): void {
    const { uid, name } = pod.metadata;
    this.#finishing.add(uid);
    const report = (error: unknown) =>
      this.#options.onProblem(`pod ${name}: ${error instanceof Error ? error.message : String(error)}`);
    void work.catch(report).finally(() => this.#finishing.delete(uid));
  }

  #cleanUp(pod: Pod): void {
    removePodFolder(this.#folderOf(pod));
  }

  #removeLeftovers(known: Pod[]): void {
    const uids = new Set(known.map((pod) => pod.metadata.uid));
    for (const name of readdirSync(this.#podsFolder)) {
      if (!uids.has(name)) removePodFolder(join(this.#podsFolder, name));
    }
  }
}

function isOver(pod: Pod): boolean {
  return pod.status.phase === "Succeeded" || pod.status.phase === "Failed";
}
