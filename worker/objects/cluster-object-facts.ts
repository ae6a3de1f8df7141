import type { Fact, Lines } from "../../protocol/up.ts";
import type { Tally } from "../clusters/calls.ts";
import { removeText } from "../clusters/frames.ts";
import { keyOf, type OpenRun } from "../clusters/open-run.ts";
import { judgeFact, rowAfterAnswer } from "../clusters/open-runs-facts.ts";
import { fenceAgainst } from "../clusters/open-runs-lease.ts";
import { logError } from "../errors.ts";
import type { FactAnswer } from "../jobs/calls.ts";
import { jobStub } from "../jobs/job-stub.ts";
import type { Answers } from "./cluster-object-answers.ts";
import { pause, within } from "./cluster-object-calls.ts";
import type { ClusterCounters } from "./cluster-object-counters.ts";
import type { Links } from "./cluster-object-links.ts";
import { type CarriedFact, FactPump } from "./cluster-object-pump.ts";
import type { OpenRuns } from "./cluster-object-rows.ts";
import type { ClusterTurn } from "./cluster-object-turn.ts";

/** What taking facts needs of the object around it; `settled` follows when rows changed outside an event. */
export type FactsPorts = {
  env: Pick<Env, "JOBS">;
  cluster: string;
  rows: OpenRuns;
  links: Links;
  counters: ClusterCounters;
  turn: ClusterTurn;
  answers: Answers;
  inBackground(work: Promise<void>): void;
  settled(): void;
};

/** How long a job may take to answer; an object that hangs holds back its own facts only. */
const ANSWER_WITHIN_MS = 20_000;

/**
 * Takes facts: the row moves on first, then the job hears of it, then the relay gets the acknowledgement that depends on
 * both (design, "Who owns what").
 */
export class Facts {
  readonly #ports: FactsPorts;
  readonly #pump: FactPump;

  constructor(ports: FactsPorts) {
    this.#ports = ports;
    this.#pump = new FactPump({
      deliver: (jobId, facts) => within(ANSWER_WITHIN_MS, jobStub(ports.env, jobId).takeFacts(ports.cluster, facts)),
      settled: (facts, answers) => this.#settle(facts, answers),
      pause,
      failed: logError,
    });
  }

  take(process: string, facts: readonly Fact[], now: number): void {
    const { rows, turn, answers } = this.#ports;
    const changed = new Map<string, OpenRun>();
    const carried: CarriedFact[] = [];
    const repairs: OpenRun[] = [];
    const answered: number[] = [];
    for (const fact of facts) {
      const before = changed.get(keyOf(fact)) ?? rows.get(fact);
      const fencedUntil = before ? fenceAgainst(before, process, (other) => turn.mayCreateUntil(other)) : 0;
      const { row, pass, repair } = judgeFact(before, fact, { process, fencedUntil }, now);
      if (row !== null) changed.set(keyOf(fact), row);
      if (row !== null && repair) repairs.push(row);
      if (pass === null) answered.push(fact.id);
      else carried.push(carriedFact(process, pass, row ?? before, now));
    }
    rows.put([...changed.values()]);
    for (const id of answered) answers.add(process, id, { answer: "ok", final: false });
    this.#repair(repairs);
    if (carried.length > 0) this.#ports.inBackground(this.#pump.carry(carried));
  }

  #repair(repairs: readonly OpenRun[]): void {
    if (repairs.length === 0) return;
    const { links, counters, turn } = this.#ports;
    counters.add({ repairs: { created_after_cancel: repairs.length } });
    const link = turn.openLink();
    if (link !== null) links.send(link.ws, repairs.map(removeText));
  }

  #settle(facts: readonly CarriedFact[], given: readonly FactAnswer[]): void {
    const { rows, answers, counters } = this.#ports;
    const now = Date.now();
    const changed = new Map<string, OpenRun>();
    facts.forEach(({ fact }, index) => {
      const answer = given[index];
      const before = changed.get(keyOf(fact)) ?? rows.get(fact);
      const row = answer ? rowAfterAnswer(before, fact, answer, now) : null;
      if (row !== null) changed.set(keyOf(fact), row);
      if (answer?.answer === "ok" && answer.tally) counters.add(tallyBeside(before, answer.tally));
    });
    rows.put([...changed.values()]);
    facts.forEach(({ process, fact }, index) => {
      const answer = given[index];
      if (answer) answers.add(process, fact.id, answer);
    });
    if (changed.size > 0) this.#ports.settled();
  }
}

/** What a job says of its turn, without the repair that was counted here already: that of a run which it took back. */
function tallyBeside(row: OpenRun | null, tally: Tally): Tally {
  return row?.cancelled ? { ...tally, repairs: {} } : tally;
}

function carriedFact(process: string, fact: Fact, row: OpenRun | null, now: number): CarriedFact {
  // Ages are fractions of a ms by a monotonic clock; moments are whole ones.
  const at = Math.round(now - fact.ageMs);
  return { process, fact, taken: { fact, at, firedAt: row?.firedAt ?? null, sentAt: row?.sentAt ?? null } };
}

/** Hands a relay's lines to the job whose readers asked for them; where that fails they ask again. */
export async function passLines(env: Pick<Env, "JOBS">, cluster: string, lines: Lines): Promise<void> {
  try {
    await within(ANSWER_WITHIN_MS, jobStub(env, lines.jobId).takeLines(cluster, lines));
  } catch (error) {
    logError(`lines of job ${lines.jobId} could not be passed on`, error);
  }
}
