import type { Fact } from "../../../protocol/up.ts";
import type { OpenRun } from "../../../worker/clusters/open-run.ts";
import { bookRun, cancelRun } from "../../../worker/clusters/open-runs-booking.ts";
import { judgeFact, rowAfterAnswer } from "../../../worker/clusters/open-runs-facts.ts";
import type { JobRow } from "../../../worker/db/rows.ts";
import type { Definition } from "../../../worker/jobs/definition.ts";
import { advanceAll, answerFact } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import type { CallEffect } from "../../../worker/jobs/lifecycle-callbacks.ts";
import type { Effect } from "../../../worker/jobs/lifecycle-effects.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { heldName } from "../../../worker/jobs/lifecycle-names.ts";
import { mayHaveJob } from "../../../worker/jobs/lifecycle-removal.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import { findRun, joined, parted } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { jobRowOf } from "../../../worker/jobs/lifecycle-views.ts";
import { CLUSTER, FACTS, JOB_ID } from "./lifecycle-samples.ts";

type Command = { cluster: string; run: number; name: string } & (
  | { type: "create"; startDeadlineAt: number | null }
  | { type: "remove"; n: number }
);

/** A Kubernetes Job: whose run it is, and how far it is. */
type KubeJob = { uid: string; run: number; phase: "active" | "running" | "finished" };

function keyOf(cluster: string, name: string | number): string {
  return `${cluster}/${name}`;
}

/**
 * A job's object, its clusters' objects, a relay and a Kubernetes cluster each, and D1 in one process on a virtual clock. The
 * decisions of both objects are the real ones; what may go wrong is up to the caller, one small step at a time.
 */
export class World {
  now: number;
  /** The job in its object's memory, as it is stored, and the alarm. */
  job: Job | null = null;
  disk: Job | null = null;
  /** The finished runs in their own keys. */
  readonly finished = new Map<number, Run>();
  alarmAt: number | null = null;
  /** Calls under way, each with the job as it was when it was made: they may arrive at any time. */
  effects: { effect: Effect; job: Job }[] = [];
  /** Outcomes on their way back. */
  outcomes: Event[] = [];
  /** The clusters' objects' rows, by cluster and run. */
  readonly rows = new Map<string, OpenRun>();
  /** Since when the relays are linked, as the clusters' objects believe. */
  linkedSince: number | null;
  /** No image can be pulled: containers don't start. */
  isStuck = false;
  commands: Command[] = [];
  /** Facts that the relays have not had acknowledged, in order. */
  facts: { cluster: string; fact: Fact }[] = [];
  /** By cluster and name. */
  readonly kube = new Map<string, KubeJob>();
  /** Creates and removals that a cluster refused: repeated, they are refused again. */
  readonly refused = new Set<string>();
  /** Jobs that a cluster would not remove. */
  leftovers = 0;
  /** How often a Job of each run was created. */
  readonly created = new Map<number, number>();
  /** Jobs of ours that were unfinished when another one was created: there may never be one. */
  overlaps = 0;
  /** What receivers of callbacks took, by webhook-id, and how often other bytes came under one. */
  readonly taken = new Map<string, string>();
  otherBytes = 0;
  /** Somebody asked for the job's deletion: a run that ends from then on may call nobody. */
  wasDeleted = false;
  index: JobRow | null = null;
  /** Names that D1 has as claimed for the job. */
  readonly claims = new Map<string, number>([["report", 0]]);
  readonly random: () => number;

  constructor(start: number, random: () => number) {
    this.now = start;
    this.random = random;
    this.linkedSince = start;
  }

  /** One turn of the job's object, as its shell does it. */
  turn(...events: Event[]): ReturnType<typeof advanceAll> {
    this.wasDeleted ||= events.some(({ type }) => type === "delete");
    const advanced = advanceAll(this.#atHand(events), events, this.now);
    if (advanced.job === null) return advanced;
    const { packed, finished } = parted(advanced.job);
    for (const run of finished) this.finished.set(run.run, run);
    this.job = { ...packed, finishedRuns: this.finished.size };
    if (advanced.durable || finished.length > 0) this.disk = this.job;
    this.alarmAt = nextAlarmAt(this.job, this.now);
    const { job } = advanced;
    this.effects.push(...advanced.effects.map((effect) => ({ effect, job })));
    return advanced;
  }

  #atHand(events: Event[]): Job | null {
    const numbers = events.map((event) => (event.type === "fact" ? event.taken.fact.run : 0));
    const read = numbers.map((number) => this.finished.get(number)).filter((run) => run !== undefined);
    return this.job && joined(this.job, read);
  }

  /** The object's memory is gone, and with it what was under way. */
  crash(): void {
    this.job = this.disk;
    this.effects = [];
    this.outcomes = [];
  }

  ring(): void {
    if (this.alarmAt === null || this.alarmAt > this.now) return;
    this.alarmAt = null;
    this.turn({ type: "tick" });
  }

  /** What the Worker and the shell do for an update: the name is claimed first, and not while its release is under way. */
  update(definition: Definition, cluster: string | null, force: boolean): void {
    const { job } = this;
    if (job === null || heldName(job, definition)?.releasing) return;
    const input = { definition, cluster, force };
    const first = this.turn({ type: "update", input: { ...input, claimedAt: null } }).steps[0];
    if (first?.kind !== "refused" || first.code !== "claim_first") return;
    this.now += 1;
    this.claims.set(definition.jobName, this.now);
    if (this.random() < 0.1) this.crash();
    if (this.random() < 0.1) this.turn({ type: "delete", force: true });
    this.turn({ type: "update", input: { ...input, claimedAt: this.now } });
  }

  /** Tries the next effect; `fails`: nothing came of it, `loses`: it was done and its answer got lost. */
  tryEffect(fault: "none" | "fails" | "loses"): void {
    const call = this.#pick(this.effects);
    if (call === undefined) return;
    const { effect, job } = call;
    if (effect.type === "recall") {
      this.#recall(effect.below);
      return;
    }
    const outcome = fault === "fails" ? failureOf(effect) : this.#do(effect, job);
    this.outcomes.push(fault === "loses" ? failureOf(effect) : outcome);
  }

  #recall(below: number): void {
    const { job } = this;
    if (job === null) return;
    const wanted = [...this.finished.values()].filter((run) => run.run < below && mayHaveJob(job, run, this.now));
    const [next] = wanted.sort((a, b) => b.run - a.run);
    this.turn({ type: "recalled", runs: next ? [next] : [], below: next?.run ?? null });
  }

  deliverOutcome(): void {
    const outcome = this.#pick(this.outcomes);
    if (outcome) this.turn(outcome);
  }

  /** Calls that are under way together come through in any order. */
  #pick<Item>(items: Item[]): Item | undefined {
    return items.splice(Math.floor(this.random() * items.length), 1)[0];
  }

  #do(effect: TriedEffect, job: Job): Event {
    const run = "run" in effect ? findRun(job, effect.run) : undefined;
    const cluster = run?.cluster ?? CLUSTER;
    const at = { namespace: "default", name: run?.kubeJob ?? "" };
    switch (effect.type) {
      case "choose":
        return { type: "chosen", run: effect.run, cluster: CLUSTER };
      case "book": {
        const times = { dueAt: run?.dueAt ?? 0, startDeadlineAt: run?.startDeadlineAt ?? null };
        const key = { jobId: JOB_ID, run: effect.run };
        const { answer, row } = bookRun(this.#row(cluster, effect.run), {
          ...key,
          n: effect.n,
          ...at,
          ...times,
          manifest: {},
        });
        this.#put(cluster, row);
        return { type: "booked", run: effect.run, n: effect.n, answer };
      }
      case "look":
        return { ...effect, type: "looked", row: this.#row(cluster, effect.run), linkedSince: this.linkedSince };
      case "cancel": {
        const key = { jobId: JOB_ID, run: effect.run };
        const { answer, row } = cancelRun(
          this.#row(cluster, effect.run),
          key,
          { ...at, n: effect.n, unlessSent: effect.unlessSent },
          this.now,
        );
        this.#put(cluster, row);
        if (row?.state === "removing") this.#command(cluster, row);
        return { type: "cancel_answered", run: effect.run, n: effect.n, answer };
      }
      case "write_index": {
        const row = jobRowOf(job, this.now);
        if (this.index === null || row.version > this.index.version) this.index = row;
        return { type: "index_written", version: row.version };
      }
      case "release_name":
        if ((this.claims.get(effect.name.jobName) ?? 0) <= (effect.name.releasing?.upTo ?? 0)) {
          this.claims.delete(effect.name.jobName);
        }
        return { type: "name_released", name: effect.name };
      case "purge":
        return { type: "purge_failed" };
      case "call":
        return this.#call(effect, job);
    }
  }

  /** The receiver takes it; every time the same bytes come under the same id. */
  #call({ run, event, n }: CallEffect, job: Job): Event {
    const { id, body } = job.callbacks?.find((one) => one.run === run && one.event === event) ?? { id: "", body: "" };
    if ((this.taken.get(id) ?? body) !== body) this.otherBytes += 1;
    this.taken.set(id, body);
    return { type: "called", run, event, n, at: this.now, http: 200, error: "", jitter: this.random() };
  }

  #row(cluster: string, run: number): OpenRun | null {
    return this.rows.get(keyOf(cluster, run)) ?? null;
  }

  #put(cluster: string, row: OpenRun | null): void {
    if (row) this.rows.set(keyOf(cluster, row.run), row);
  }

  #command(cluster: string, row: OpenRun): void {
    const { run, name, n, startDeadlineAt, state } = row;
    const what = state === "removing" ? { type: "remove" as const, n } : { type: "create" as const, startDeadlineAt };
    this.commands.push({ cluster, run, name, ...what });
  }

  /** The clusters' objects send what is due, or send again what nobody confirmed. */
  handOver(): void {
    for (const [key, row] of this.rows) {
      const cluster = key.slice(0, key.indexOf("/"));
      const isDue = row.state === "booked" && row.dueAt <= this.now;
      const sent: OpenRun = { ...row, state: "sent", firedAt: this.now, sentAt: this.now, sentTo: "p1" };
      if (isDue) this.#put(cluster, sent);
      if (isDue || row.state === "sent" || row.state === "removing") this.#command(cluster, isDue ? sent : row);
    }
  }

  /** A relay carries the next command out, in order. */
  obey(refuses: "nothing" | "creates" | "removes"): void {
    const command = this.commands.shift();
    if (command === undefined) return;
    const { cluster, run } = command;
    const key = keyOf(cluster, command.name);
    const there = this.kube.get(key);
    if (command.type === "remove") {
      const existed = there?.run === run;
      const decision = keyOf(cluster, `${run}/${command.n}`);
      if (existed && (refuses === "removes" || this.refused.has(decision))) {
        this.refused.add(decision);
        this.leftovers += 1;
        this.#tell(cluster, run, { ...FACTS.remove_failed, n: command.n });
        return;
      }
      if (existed) this.kube.delete(key);
      this.#tell(cluster, run, { ...FACTS.removed, n: command.n, existed });
    } else if (there?.run === run) this.#tell(cluster, run, { ...FACTS.created, uid: there.uid });
    else if (command.startDeadlineAt !== null && this.now > command.startDeadlineAt) {
      this.#tell(cluster, run, FACTS.expired);
    } else if (refuses === "creates" || this.refused.has(keyOf(cluster, run)) || (there?.run ?? 0) > run) {
      this.refused.add(keyOf(cluster, run));
      this.#tell(cluster, run, FACTS.create_refused);
    } else this.#create(cluster, run, key);
  }

  /** A Job of an older run that has the name is removed first, as the relay does it. */
  #create(cluster: string, run: number, key: string): void {
    this.kube.delete(key);
    this.overlaps += [...this.kube.values()].filter(({ phase }) => phase !== "finished").length;
    const times = (this.created.get(run) ?? 0) + 1;
    this.created.set(run, times);
    const uid = `u${run}-${times}`;
    this.kube.set(key, { uid, run, phase: "active" });
    this.#tell(cluster, run, { ...FACTS.created, uid });
  }

  /** The Jobs get on. */
  work(result: "succeeded" | "failed", log: "none" | "comes" | "never"): void {
    for (const [key, job] of this.kube) {
      const cluster = key.slice(0, key.indexOf("/"));
      if (job.phase === "active") {
        if (this.isStuck) continue;
        job.phase = "running";
        this.#tell(cluster, job.run, FACTS.started);
      } else if (job.phase === "running") {
        job.phase = "finished";
        const logs = log === "none" ? [] : [FACTS.log.log];
        this.#tell(cluster, job.run, { ...FACTS.ended, uid: job.uid, result, logs });
        if (log !== "comes") continue;
        this.#tell(cluster, job.run, { ...FACTS.log, seq: 0, last: false }, { ...FACTS.log, seq: 1, last: true });
      }
    }
  }

  /** Somebody deletes an unfinished Job behind our back. */
  lose(): void {
    const [key, job] = [...this.kube].find(([, { phase }]) => phase !== "finished") ?? [];
    if (key === undefined || job === undefined) return;
    const cluster = key.slice(0, key.indexOf("/"));
    // A create that may come a second time would bring it back, as a new Job of the same run.
    if (this.#row(cluster, job.run)?.state === "sent") return;
    if (this.commands.some(({ type, run }) => type === "create" && run === job.run)) return;
    this.kube.delete(key);
    this.#tell(cluster, job.run, { ...FACTS.lost, uid: job.uid });
  }

  #tell(cluster: string, run: number, ...facts: Fact[]): void {
    this.facts.push(...facts.map((fact) => ({ cluster, fact: { ...fact, run } })));
  }

  /** The clusters' objects pass the first facts on; `losesAck`: they will be told again. */
  passFacts(count: number, losesAck: boolean): void {
    for (const { cluster, fact } of this.facts.slice(0, count)) this.#passFact(cluster, fact);
    // The shell acknowledges an end only after its index row was tried; a crash before that leaves it to the relay.
    if (this.#endsUnwritten()) {
      if (losesAck) this.crash();
      else this.#writeIndex();
    }
    if (!losesAck) this.facts.splice(0, count);
  }

  #passFact(cluster: string, fact: Fact): void {
    const decided = judgeFact(this.#row(cluster, fact.run), fact, { process: "p1", fencedUntil: 0 }, this.now);
    this.#put(cluster, decided.row);
    const row = this.#row(cluster, fact.run);
    if (decided.repair && row) this.#command(cluster, row);
    if (!decided.pass) return;
    const { firedAt = null, sentAt = null } = row ?? {};
    const taken = { fact: decided.pass, at: this.now, firedAt, sentAt };
    const { job, steps } = this.turn({ type: "fact", cluster, taken });
    const [step] = steps;
    const answer = step ? answerFact(job, fact.run, step) : undefined;
    if (answer) this.#put(cluster, rowAfterAnswer(row, fact, answer, this.now));
  }

  #endsUnwritten(): boolean {
    return this.job !== null && this.job.index.net === "relay" && this.job.index.written < this.job.index.version;
  }

  #writeIndex(): void {
    this.effects = this.effects.filter(({ effect }) => effect.type !== "write_index");
    if (this.job) this.turn(this.#do({ type: "write_index" }, this.job));
  }

  /** The relays' links end, or others begin. */
  relink(up: boolean): void {
    this.linkedSince = up ? this.now : null;
  }

  /** The sweep: its call for a job whose index row is overdue, or whose claim no row names; and claims that nobody holds. */
  sweep(): void {
    const { job } = this;
    if (job === null) return;
    for (const jobName of this.claims.keys()) {
      if (heldName(job, { namespace: "default", jobName }) === undefined) this.claims.delete(jobName);
    }
    const overdueAt = this.index?.overdueAt ?? null;
    const isOverdue = overdueAt !== null && overdueAt + 60_000 < this.now;
    if (isOverdue || (this.index === null && this.claims.size > 0)) this.turn({ type: "poke" });
  }

  /** Every run of the job, in order. */
  runs(): Run[] {
    return this.job ? joined(this.job, [...this.finished.values()]).runs : [];
  }

  /** Whether something is under way that needs no clock. */
  isBusy(): boolean {
    return this.effects.length + this.outcomes.length + this.commands.length + this.facts.length > 0;
  }
}

/** All but what the object itself reads. */
type TriedEffect = Exclude<Effect, { type: "recall" }>;

function failureOf(effect: TriedEffect): Event {
  switch (effect.type) {
    case "choose":
      return { type: "choose_failed", run: effect.run, problem: "away" };
    case "book":
      return { type: "book_failed", run: effect.run, n: effect.n, problem: "away" };
    case "look":
      return { type: "look_failed", run: effect.run };
    case "cancel":
      return { type: "cancel_failed", run: effect.run, n: effect.n };
    case "write_index":
      return { type: "index_failed" };
    case "release_name":
      return { type: "release_failed", name: effect.name };
    case "purge":
      return { type: "purge_failed" };
    case "call":
      return { ...effect, type: "called", at: 0, http: 0, error: "no connection", jitter: 0.5 };
  }
}
