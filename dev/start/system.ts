import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { type Guard, startGuard } from "./guard.ts";
import { awaitLeftovers } from "./leftovers.ts";
import { lockFolder } from "./lock.ts";
import { Part, type PartSpec } from "./part.ts";
import { clusterSpec, relaySpec, workerSpec } from "./parts.ts";
import { freePort } from "./ports.ts";
import type { WorkerReady } from "./ready.ts";
import { settleJoinToken } from "./register-cluster.ts";
import { awaitActiveRelay } from "./relay-status.ts";
import type { Settings } from "./settings.ts";
import {
  openStateFolder,
  type Pids,
  type StateFolder,
  settleCallbackSecrets,
  settleToken,
  writePids,
} from "./state-folder.ts";

/** What a start tells: `progress` while it happens and about parts that died, `ready` once. */
export type Voice = { progress(line: string): void; ready(line: string): void };

type Step<Value> = { ok: true; value: Value } | { ok: false; problem: string };

/** Reason of the stop where the process that started us was killed: all is to end within 3 s (contract, part 1). */
export const ORPHANED = "orphaned";

/** How long each stage of a stop may take; together below the contract's 10 s. */
const GRACE = { relayMs: 4_500, restMs: 3_500 };
const ORPHANED_GRACE = { relayMs: 700, restMs: 1_200 };

/**
 * The whole local system, from the lock on its folder to its end. Answers the exit code: 0 after `stop` was asked for, else
 * 1 with a sentence said. Whatever happens, no process of it is left.
 */
export async function runSystem(settings: Settings, voice: Voice, stop: AbortSignal): Promise<number> {
  const opened = openStateFolder(settings.stateDir);
  if (!opened.ok) return complain(voice, opened.problem);
  const { folder } = opened;
  const lock = lockFolder(folder.dir);
  if (!lock.ok) {
    const holder = lock.holder === null ? "another start" : `process ${lock.holder}`;
    return complain(voice, `the state folder ${folder.dir} is in use by ${holder}: stop it, or set WATCHBELL_STATE`);
  }
  const system = new System(settings, folder, voice, stop);
  try {
    const started = await system.start();
    if (!started.ok) return stop.aborted ? 0 : complain(voice, started.problem);
    voice.ready(started.value);
    const problem = await system.untilItEnds();
    return problem === null ? 0 : complain(voice, problem);
  } finally {
    await system.stop();
    lock.release();
  }
}

function complain(voice: Voice, problem: string): 1 {
  voice.progress(`error: ${problem}`);
  return 1;
}

class System {
  readonly #settings: Settings;
  readonly #folder: StateFolder;
  readonly #voice: Voice;
  readonly #stop: AbortSignal;
  readonly #pids: Pids = { worker: [], relay: [], cluster: [] };
  readonly #parts: { relay: Part<unknown>[]; rest: Part<unknown>[] } = { relay: [], rest: [] };
  readonly #ended: Promise<string | null>;
  #end: (problem: string | null) => void = () => undefined;
  #guard: Guard | null = null;

  constructor(settings: Settings, folder: StateFolder, voice: Voice, stop: AbortSignal) {
    this.#settings = settings;
    this.#folder = folder;
    this.#voice = voice;
    this.#stop = stop;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    stop.addEventListener("abort", () => {
      this.#end(null);
      void this.stop();
    });
  }

  /** The ready line, once a job would really run. */
  async start(): Promise<Step<string>> {
    const { cluster, kubeconfig } = this.#settings;
    const left = await awaitLeftovers(this.#folder.dir, this.#stop);
    if (left.length > 0) return problem(`processes of an earlier start do not end: ${left.join(", ")}`);
    if (kubeconfig !== null && !kubeconfig.split(path.delimiter).some((file) => existsSync(file))) {
      return problem(`KUBECONFIG is ${kubeconfig}: there is no such file`);
    }
    const port = await freePort(this.#settings.port);
    if (port === null) {
      return problem(`PORT ${this.#settings.port} is taken: another program listens there; set PORT to a free one`);
    }
    for (const log of ["worker", "relay", "cluster", "audit"]) turnOver(path.join(this.#folder.logsDir, `${log}.log`));
    const token = settleToken(this.#folder, this.#settings.token);
    const callbacks = settleCallbackSecrets(this.#folder, this.#settings.callbackSecrets);
    if (callbacks.made) {
      this.#voice.progress(`callbacks are signed with ${callbacks.secrets} (made now, shown once; see the README)`);
    }
    this.#guard = startGuard();
    this.#writePids();

    this.#voice.progress(`starting the Worker on port ${port}${kubeconfig === null ? " and a cluster" : ""} …`);
    const [worker, embedded] = await Promise.all([
      this.#startPart("worker", workerSpec(this.#settings, this.#folder, port), (ready) => [ready.workerdPid]),
      kubeconfig === null ? this.#startPart("cluster", clusterSpec(this.#folder)) : null,
    ]);
    if (!worker.ok) return worker;
    if (embedded && !embedded.ok) return embedded;

    this.#voice.progress(`connecting the cluster ${cluster}${kubeconfig === null ? "" : ` (${kubeconfig})`} …`);
    return await this.#connect(worker.value, token);
  }

  async #connect({ url }: WorkerReady, token: string): Promise<Step<string>> {
    const { cluster } = this.#settings;
    const callerIp = this.#settings.allowedIps[0]?.replace(/\/.*/, "") ?? null;
    const joined = await settleJoinToken({ url, token, callerIp }, this.#folder, cluster);
    if (!joined.ok) return joined;
    const relay = await this.#startPart(
      "relay",
      relaySpec(this.#settings, this.#folder, { url, joinToken: joined.joinToken }),
    );
    if (!relay.ok) return relay;
    // 20 s after a crash the Worker may still count an earlier relay as the active one (design, "The link").
    if (!(await awaitActiveRelay(relay.value.healthPort, 30_000, this.#stop))) {
      return problem(`the relay did not become active; see ${this.#folder.logsDir}`);
    }
    return { ok: true, value: `watchbell ready: ${url} token=${token} cluster=${cluster}` };
  }

  /** null: it was asked to stop; otherwise the sentence why it can't go on. */
  async untilItEnds(): Promise<string | null> {
    return await this.#ended;
  }

  /** The relay first, so that what it has under way is told; harmless when repeated. */
  async stop(): Promise<void> {
    const grace = this.#stop.reason === ORPHANED ? ORPHANED_GRACE : GRACE;
    await Promise.all(this.#parts.relay.map((part) => part.stop(grace.relayMs)));
    await Promise.all(this.#parts.rest.map((part) => part.stop(grace.restMs)));
    await this.#guard?.stop();
    this.#guard = null;
    rmSync(this.#folder.pidsPath, { force: true });
  }

  async #startPart<Ready>(
    name: keyof Pids,
    spec: PartSpec<Ready>,
    pidsOf: (ready: Ready) => number[] = () => [],
  ): Promise<Step<Ready>> {
    if (this.#stop.aborted) return problem("it was asked to stop");
    const show = (pids: number[]) => {
      this.#pids[name] = pids;
      this.#writePids();
    };
    const part = new Part(spec, {
      spawned: (pid) => {
        // The cluster ends with its channel, and its own reaper knows its containers: ours would kill that one first.
        if (name !== "cluster") this.#guard?.watch(name, pid);
        if (name !== "worker") show([pid]);
      },
      ready: (ready) => {
        const pids = pidsOf(ready);
        if (pids.length > 0) show(pids);
      },
      gone: () => {
        this.#guard?.forget(name);
        show([]);
      },
      died: (how) => this.#voice.progress(`the ${name} ${how}; starting it again`),
      gaveUp: (sentence) => this.#end(sentence),
    });
    this.#parts[name === "relay" ? "relay" : "rest"].push(part);
    const outcome = await part.start();
    return outcome.ok ? { ok: true, value: outcome.ready } : outcome;
  }

  #writePids(): void {
    if (!this.#stop.aborted) writePids(this.#folder, this.#pids);
  }
}

function problem(sentence: string): { ok: false; problem: string } {
  return { ok: false, problem: sentence };
}

/** Logs grow while a system runs; each start keeps one older file. */
function turnOver(log: string): void {
  const limitBytes = 8 * 1024 * 1024;
  if (existsSync(log) && statSync(log).size > limitBytes) renameSync(log, `${log}.1`);
}
