import type { Fact } from "../../../protocol/up.ts";
import type { OpenRun } from "../../../worker/clusters/open-run.ts";
import { bookRun, cancelRun } from "../../../worker/clusters/open-runs-booking.ts";
import { judgeFact, rowAfterAnswer } from "../../../worker/clusters/open-runs-facts.ts";
import type { JobRow } from "../../../worker/db/rows.ts";
import { advanceAll, answerFact } from "../../../worker/jobs/lifecycle.ts";
import { nextAlarmAt } from "../../../worker/jobs/lifecycle-alarm.ts";
import type { Effect } from "../../../worker/jobs/lifecycle-effects.ts";
import type { Event } from "../../../worker/jobs/lifecycle-events.ts";
import { findRun } from "../../../worker/jobs/lifecycle-runs.ts";
import type { Job } from "../../../worker/jobs/lifecycle-state.ts";
import { jobRowOf } from "../../../worker/jobs/lifecycle-views.ts";
import { CLUSTER, FACTS, JOB_ID } from "./lifecycle-samples.ts";

/** mulberry32: the same numbers for the same seed everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Command = { type: "create"; startDeadlineAt: number | null } | { type: "remove"; n: number };

/**
 * A job's object, its cluster's object, one relay, one Kubernetes cluster and D1 in one process on a virtual clock. The
 * decisions of both objects are the real ones; what may go wrong is up to the caller, one small step at a time.
 */
export class World {
  now: number;
  /** The job in its object's memory, as it is stored, and the alarm. */
  job: Job | null = null;
  disk: Job | null = null;
  alarmAt: number | null = null;
  effects: Effect[] = [];
  /** Outcomes on their way back. */
  outcomes: Event[] = [];
  /** The cluster's object's row. */
  row: OpenRun | null = null;
  /** Since when the relay is linked, as the cluster's object believes. */
  linkedSince: number | null;
  commands: Command[] = [];
  /** Facts that the relay has not had acknowledged, in order. */
  facts: Fact[] = [];
  kube: { uid: string; phase: "active" | "running" | "finished" } | null = null;
  kubeJobsCreated = 0;
  index: JobRow | null = null;
  nameClaimed = true;
  readonly random: () => number;

  constructor(start: number, random: () => number) {
    this.now = start;
    this.random = random;
    this.linkedSince = start;
  }

  /** One turn of the job's object, as its shell does it. */
  turn(...events: Event[]): ReturnType<typeof advanceAll> {
    const advanced = advanceAll(this.job, events, this.now);
    if (advanced.job === null) return advanced;
    this.job = advanced.job;
    if (advanced.durable) this.disk = advanced.job;
    this.alarmAt = nextAlarmAt(advanced.job, this.now);
    this.effects.push(...advanced.effects);
    return advanced;
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

  /** Tries the next effect; `fails`: nothing came of it, `loses`: it was done and its answer got lost. */
  tryEffect(fault: "none" | "fails" | "loses"): void {
    const effect = this.#pick(this.effects);
    const { job } = this;
    if (effect === undefined || job === null) return;
    const outcome = fault === "fails" ? failureOf(effect) : this.#do(effect, job);
    this.outcomes.push(fault === "loses" ? failureOf(effect) : outcome);
  }

  deliverOutcome(): void {
    const outcome = this.#pick(this.outcomes);
    if (outcome) this.turn(outcome);
  }

  /** Calls that are under way together come through in any order. */
  #pick<Item>(items: Item[]): Item | undefined {
    return items.splice(Math.floor(this.random() * items.length), 1)[0];
  }

  #do(effect: Effect, job: Job): Event {
    const run = "run" in effect ? findRun(job, effect.run) : undefined;
    const at = { namespace: "default", name: "report" };
    switch (effect.type) {
      case "choose":
        return { type: "chosen", run: effect.run, cluster: CLUSTER };
      case "book": {
        const times = { dueAt: run?.dueAt ?? 0, startDeadlineAt: run?.startDeadlineAt ?? null };
        const { answer, row } = bookRun(this.row, {
          jobId: JOB_ID,
          run: 1,
          n: effect.n,
          ...at,
          ...times,
          manifest: {},
        });
        if (row) this.row = row;
        return { type: "booked", run: 1, n: effect.n, answer };
      }
      case "look":
        return { type: "looked", run: 1, row: this.row, linkedSince: this.linkedSince };
      case "cancel": {
        const { answer, row } = cancelRun(this.row, { jobId: JOB_ID, run: 1 }, effect.n, at, this.now);
        if (row) this.row = row;
        if (row?.state === "removing") this.commands.push({ type: "remove", n: row.n });
        return { type: "cancel_answered", run: 1, n: effect.n, answer };
      }
      case "write_index": {
        const row = jobRowOf(job);
        if (this.index === null || row.version > this.index.version) this.index = row;
        return { type: "index_written", version: row.version };
      }
      case "release_name":
        this.nameClaimed = false;
        return { type: "name_released" };
      case "purge":
        return { type: "purge_failed" };
    }
  }

  /** The cluster's object sends what is due, or sends again what nobody confirmed. */
  handOver(): void {
    const { row } = this;
    if (row === null) return;
    if (row.state === "booked" && row.dueAt <= this.now) {
      this.row = { ...row, state: "sent", firedAt: this.now, sentAt: this.now, sentTo: "p1" };
      this.commands.push({ type: "create", startDeadlineAt: row.startDeadlineAt });
    } else if (row.state === "sent") this.commands.push({ type: "create", startDeadlineAt: row.startDeadlineAt });
    else if (row.state === "removing") this.commands.push({ type: "remove", n: row.n });
  }

  /** The relay carries the next command out, in order. */
  obey(refuses: boolean): void {
    const command = this.commands.shift();
    if (command === undefined) return;
    if (command.type === "remove") {
      const existed = this.kube !== null;
      this.kube = null;
      this.#tell({ ...FACTS.removed, n: command.n, existed });
      return;
    }
    if (this.kube === null && command.startDeadlineAt !== null && this.now > command.startDeadlineAt) {
      this.#tell(FACTS.expired);
    } else if (this.kube === null && refuses) this.#tell(FACTS.create_refused);
    else {
      if (this.kube === null) {
        this.kubeJobsCreated += 1;
        this.kube = { uid: `u${this.kubeJobsCreated}`, phase: "active" };
      }
      this.#tell({ ...FACTS.created, uid: this.kube.uid });
    }
  }

  /** The Job gets on. */
  work(result: "succeeded" | "failed", log: "none" | "comes" | "never"): void {
    if (this.kube?.phase === "active") {
      this.kube.phase = "running";
      this.#tell(FACTS.started);
    } else if (this.kube?.phase === "running") {
      this.kube.phase = "finished";
      const logs = log === "none" ? [] : [FACTS.log.log];
      this.#tell({ ...FACTS.ended, uid: this.kube.uid, result, logs });
      if (log !== "comes") return;
      this.#tell({ ...FACTS.log, seq: 0, last: false }, { ...FACTS.log, seq: 1, last: true });
    }
  }

  #tell(...facts: Fact[]): void {
    this.facts.push(...facts);
  }

  /** The cluster's object passes the relay's first facts on; `losesAck`: the relay will tell them again. */
  passFacts(count: number, losesAck: boolean): void {
    for (const fact of this.facts.slice(0, count)) {
      const decided = judgeFact(this.row, fact, { process: "p1", fencedUntil: 0 }, this.now);
      if (decided.row) this.row = decided.row;
      if (decided.repair && this.row) this.commands.push({ type: "remove", n: this.row.n });
      if (decided.pass) {
        const { firedAt = null, sentAt = null } = this.row ?? {};
        const taken = { fact: decided.pass, at: this.now, firedAt, sentAt };
        const { job, steps } = this.turn({ type: "fact", cluster: CLUSTER, taken });
        const [step] = steps;
        const answer = step ? answerFact(job, fact.run, step) : undefined;
        if (answer) this.row = rowAfterAnswer(this.row, fact, answer, this.now) ?? this.row;
      }
    }
    // The shell acknowledges an end only after its index row was tried; a crash before that leaves it to the relay.
    if (this.#endsUnwritten()) {
      if (losesAck) this.crash();
      else this.#writeIndex();
    }
    if (!losesAck) this.facts.splice(0, count);
  }

  #endsUnwritten(): boolean {
    return this.job !== null && this.job.index.net === "relay" && this.job.index.written < this.job.index.version;
  }

  #writeIndex(): void {
    this.effects = this.effects.filter(({ type }) => type !== "write_index");
    if (this.job) this.turn(this.#do({ type: "write_index" }, this.job));
  }

  /** The relay's link ends, or another begins. */
  relink(up: boolean): void {
    this.linkedSince = up ? this.now : null;
  }

  /** The sweep's call for a job whose index row is overdue, or whose claim no row names. */
  sweep(): void {
    const overdueAt = this.index?.overdueAt ?? null;
    const isOverdue = overdueAt !== null && overdueAt + 60_000 < this.now;
    if (isOverdue || (this.index === null && this.nameClaimed)) this.turn({ type: "poke" });
  }

  /** Whether something is under way that needs no clock. */
  isBusy(): boolean {
    return this.effects.length + this.outcomes.length + this.commands.length + this.facts.length > 0;
  }
}

function failureOf(effect: Effect): Event {
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
      return { type: "release_failed" };
    case "purge":
      return { type: "purge_failed" };
  }
}
