import type { Fact } from "../../../protocol/up.ts";
import { CREATE_TIMEOUT_MS, LEASE_MS } from "../../../protocol/words.ts";
import { DueOrder } from "../../../worker/clusters/due-order.ts";
import type { OpenRun } from "../../../worker/clusters/open-run.ts";
import { bookRun, cancelRun } from "../../../worker/clusters/open-runs-booking.ts";
import { judgeFact, rowAfterAnswer } from "../../../worker/clusters/open-runs-facts.ts";
import { handOver, isUnderWay, rowWhenSent } from "../../../worker/clusters/open-runs-hand-over.ts";
import type { Presence } from "../../../worker/clusters/open-runs-late.ts";
import { fenceAgainst, lossAt, mayCreateUntil } from "../../../worker/clusters/open-runs-lease.ts";
import { aBooking, NOW } from "./sample-rows.ts";

type Process = {
  name: string;
  /** When its link said hello; null: it has none. */
  helloAt: number | null;
  lastPingAt: number | null;
  /** The lease as the process itself sees it: 10 s from the sending of the last answered ping. */
  leaseUntil: number;
  /** The create it was given, and when the attempt under way ends (null: none is). */
  create: boolean;
  attemptEndsAt: number | null;
  remove: boolean;
  removeN: number;
};

const UP: Presence = { up: true, since: NOW, outage: null };
const RUN = { jobId: "job1", run: 1 };
const AT = { namespace: "default", name: "hello" };
/** A ping reaches the control plane at most this long after it was sent. */
const PING_TRAVEL_MS = 400;

/**
 * One run, one API server and three relay processes on a virtual clock, driven by the decision code of the cluster's
 * object. Links break at any moment, creates end at any moment that the lease allows, and what was lost stays lost.
 */
export class Model {
  now = NOW;
  row: OpenRun | null;
  /** A Job of the run stands in the cluster. */
  exists = false;
  /** Creates that the API server took. */
  creates = 0;
  /** The job was told that no Job of the run is there, nor ever will be. */
  over = false;
  readonly log: string[] = [];
  readonly #random: () => number;
  readonly #processes: Process[];
  #active: Process | null = null;
  readonly #lost: Record<string, number> = {};
  #n = 5;
  #factId = 0;

  constructor(random: () => number) {
    this.#random = random;
    this.row = bookRun(null, aBooking({ dueAt: NOW + 200 })).row;
    const idle = { helloAt: null, lastPingAt: null, leaseUntil: 0, create: false, attemptEndsAt: null, remove: false };
    this.#processes = ["p1", "p2", "p3"].map((name) => ({ ...idle, name, removeN: 0 }));
  }

  /** Lets a little time pass and one or another thing happen. */
  step(): void {
    this.now += Math.floor(this.#random() * 900);
    const process = this.#processes[Math.floor(this.#random() * this.#processes.length)];
    if (!process) return;
    this.#endAttempts();
    const dice = this.#random();
    if (dice < 0.25) this.#ping(process);
    else if (dice < 0.35) this.#connect(process);
    else if (dice < 0.42) this.#disconnect(process);
    else if (dice < 0.6) this.#tryCreate(process);
    else if (dice < 0.7) this.#giveUp(process);
    else if (dice < 0.8) this.#finishRemove(process);
    else if (dice < 0.9) this.#watch();
    else if (dice < 0.91) this.#cancel();
    this.#turn();
  }

  #say(words: string): void {
    this.log.push(`${this.now - NOW} ${words}`);
  }

  #until = (name: string): number => mayCreateUntil(name, this.#activeLife(), this.#lost);

  #activeLife() {
    const active = this.#active;
    if (active === null || active.helloAt === null) return null;
    return { process: active.name, helloAt: active.helloAt, lastPingAt: active.lastPingAt };
  }

  #ping(process: Process): void {
    if (process.helloAt === null) return;
    process.lastPingAt = this.now;
    process.leaseUntil = this.now - Math.floor(this.#random() * PING_TRAVEL_MS) + LEASE_MS;
  }

  #connect(process: Process): void {
    if (process.helloAt !== null) return;
    process.helloAt = this.now;
    this.#ping(process);
    // Told to stand by, it drops what it has not begun: the right that it renews from now on is no right to create.
    if (this.#active !== null) process.create = false;
    else this.#promote(process);
  }

  #promote(process: Process): void {
    this.#active = process;
    this.#say(`${process.name} is active`);
    // The inventory at the connect, or the watch that runs already, shows what is there.
    if (this.exists) this.#created(process.name);
    if (this.row?.state === "removing") this.#sendRemove();
  }

  #disconnect(process: Process): void {
    if (process.helloAt === null) return;
    this.#say(`${process.name} is lost`);
    if (this.#active === process) {
      const { helloAt, lastPingAt } = process;
      this.#lost[process.name] = Math.max(this.#lost[process.name] ?? 0, lossAt({ helloAt, lastPingAt }));
      this.#active = null;
    }
    process.helloAt = null;
    const standby = this.#processes.find((other) => other.helloAt !== null);
    if (this.#active === null && standby) this.#promote(standby);
  }

  /** A process goes on creating while its lease lasts, whether or not its link still stands. */
  #tryCreate(process: Process): void {
    if (!process.create || process.attemptEndsAt !== null || this.now >= process.leaseUntil) return;
    process.attemptEndsAt = this.now + Math.floor(this.#random() * CREATE_TIMEOUT_MS);
  }

  #endAttempts(): void {
    for (const process of this.#processes) {
      // A process whose right has lapsed drops what it has not begun; that word may never arrive.
      if (process.attemptEndsAt === null && this.now >= process.leaseUntil) process.create = false;
      if (process.attemptEndsAt === null || process.attemptEndsAt > this.now) continue;
      process.attemptEndsAt = null;
      const failed = this.#random() < 0.3;
      if (failed) continue;
      process.create = false;
      if (!this.exists) {
        this.exists = true;
        this.creates += 1;
        this.#say(`${process.name} created it`);
      }
      this.#created(process.name);
    }
  }

  /** What a process that has no attempt under way may say of its create; only what reaches the control plane counts. */
  #giveUp(process: Process): void {
    if (!process.create || process.attemptEndsAt !== null) return;
    process.create = false;
    const type = this.#random() < 0.5 ? "expired" : "dropped";
    // It looks before it says that there is none: an earlier process may have created it.
    if (type === "expired" && this.exists) this.#created(process.name);
    else this.#fact(process, { ...RUN, ...this.#fresh(), type });
  }

  /** A relay works the commands of one run off in order, so its removal ends after its own create. */
  #finishRemove(process: Process): void {
    if (!process.remove || process.attemptEndsAt !== null) return;
    process.remove = false;
    process.create = false;
    const existed = this.exists;
    this.exists = false;
    this.#say(`${process.name} removed it (there was ${existed ? "one" : "none"})`);
    this.#fact(process, { ...RUN, ...this.#fresh(), type: "removed", n: process.removeN, existed });
  }

  /** The active relay's watch reports what it sees. */
  #watch(): void {
    if (this.exists && this.#active !== null) this.#created(this.#active.name);
  }

  #created(name: string): void {
    const process = this.#processes.find((each) => each.name === name);
    if (process) this.#fact(process, { ...RUN, ...AT, ...this.#fresh(), type: "created", uid: "u", adopted: true });
  }

  #fresh() {
    this.#factId += 1;
    return { id: this.#factId, ageMs: 0 };
  }

  #fact(process: Process, fact: Fact): void {
    if (process.helloAt === null) return;
    const fencedUntil = this.row ? fenceAgainst(this.row, process.name, this.#until) : 0;
    const decision = judgeFact(this.row, fact, { process: process.name, fencedUntil }, this.now);
    this.row = decision.row ?? this.row;
    this.#say(`${process.name} says ${fact.type}: ${decision.pass ? "passed" : "kept"}, row ${this.row?.state}`);
    if (decision.row?.state === "removing" && fact.type === "created") this.#sendRemove();
    if (decision.pass === null) return;
    const final = fact.type === "expired" || fact.type === "removed";
    if (final) this.over = true;
    this.row = rowAfterAnswer(this.row, fact, { answer: "ok", final }, this.now) ?? this.row;
  }

  #cancel(): void {
    this.#n += 1;
    const { answer, row } = cancelRun(this.row, RUN, { n: this.#n, ...AT, unlessSent: false }, this.now);
    this.row = row ?? this.row;
    this.#say(`cancel: ${answer}`);
    if (answer === "unbooked") this.over = true;
    if (answer === "removing") this.#sendRemove();
  }

  #sendRemove(): void {
    if (this.#active === null || this.row === null) return;
    this.#active.remove = true;
    this.#active.removeN = this.row.n;
  }

  #turn(): void {
    const active = this.#active;
    if (active?.helloAt === null || active === null || this.row === null) return;
    const life = this.#activeLife();
    if (life && lossAt(life) <= this.now) {
      this.#disconnect(active);
      return;
    }
    const link = { process: active.name, helloAt: active.helloAt, window: 8 };
    const booked = new DueOrder();
    if (this.row.state === "booked") booked.add(this.row);
    const rows = { booked: booked.after(0), sent: this.row.state === "sent" ? [this.row] : [] };
    const [create] = handOver(rows, link, UP, () => false, this.now).creates;
    if (create) {
      this.row = rowWhenSent(create, link, this.#until, this.now);
      active.create = true;
      this.#say(`create goes to ${active.name}, sent before to ${this.row.sentBefore.join(", ") || "nobody"}`);
    } else if (this.row.state === "sent" && isUnderWay(this.row, link)) {
      return;
    } else if (this.row.state === "removing" && this.row.againAt !== null && this.row.againAt <= this.now) {
      this.row = { ...this.row, againAt: null };
      this.#sendRemove();
    }
  }
}
