import { finalRow, keyOf, type OpenRun } from "../../../worker/clusters/open-run.ts";
import { isToBeAsked, linked, type Presence, unlinked } from "../../../worker/clusters/open-runs-late.ts";
import type { CronRules, Definition } from "../../../worker/jobs/definition.ts";
import { answerLate } from "../../../worker/jobs/lifecycle.ts";
import type { Run } from "../../../worker/jobs/lifecycle-run.ts";
import { itemsBetween } from "../../../worker/jobs/schedule.ts";
import { CLUSTER, createEvent, DEFINITION } from "./lifecycle-samples.ts";
import { World } from "./lifecycle-world.ts";

/** The sample cron job: a slot every five seconds. */
export const RULES: CronRules = {
  schedule: "*/5 * * * * *",
  timeZone: "UTC",
  dstGap: "first_valid",
  dstOverlap: "first",
  concurrencyPolicy: "Forbid",
  misfirePolicy: "latest",
  misfireLimit: 3,
  suspend: false,
  earliestAt: null,
  endAt: null,
};

/** A definition of the sample cron job. */
export function cronDefinition(rules: Partial<CronRules> = {}, definition: Partial<Definition> = {}): Definition {
  return { ...DEFINITION, ...definition, cron: { ...RULES, ...rules } };
}

/** A question of the cluster's object about a late row, on its way. */
type Ask = { row: OpenRun; linked: boolean; askedAt: number };

/** A cron job's world: as a once job's, and its cluster may be away, which its object tells by the relay's presence. */
export class SlotWorld extends World {
  presence: Presence;
  asks: Ask[] = [];
  /** The control plane is away: neither clock rings. */
  isAsleep = false;
  /** Since which moment which definition holds, epoch ms. */
  readonly history: { from: number; rules: CronRules }[] = [];
  /** Runs of slots that were created while another one of the job was unfinished, though their policy forbids it. */
  readonly overlapping: string[] = [];

  constructor(start: number, random: () => number, rules: Partial<CronRules>, definition: Partial<Definition> = {}) {
    super(start, random);
    this.presence = { up: true, since: start, outage: null };
    const defined = cronDefinition(rules, definition);
    const { cron } = defined;
    if (cron) this.history.push({ from: start, rules: cron });
    this.turn(createEvent({ claimedAt: start, createdAt: start }, defined));
  }

  override relink(up: boolean): void {
    super.relink(up);
    this.presence = up ? linked(this.presence, this.now) : unlinked(this.presence, this.now, this.now);
  }

  override handOver(): void {
    if (this.isAsleep) return;
    for (const [key, row] of this.rows) {
      const isAsking = this.asks.some((ask) => keyOf(ask.row) === keyOf(row));
      if (row.state === "booked" && isToBeAsked(row, this.presence, this.now)) {
        if (!isAsking)
          this.asks.push({ row, linked: this.presence.up, askedAt: this.presence.up ? this.now : this.now - 1 });
      } else if (this.presence.up && !isAsking) this.#send(key, row);
    }
  }

  #send(key: string, row: OpenRun): void {
    if (row.state === "booked" && row.dueAt > this.now) return;
    const sent: OpenRun =
      row.state === "booked" ? { ...row, state: "sent", firedAt: this.now, sentAt: this.now, sentTo: "p1" } : row;
    this.rows.set(key, sent);
    const { run, name, n, startDeadlineAt, state } = sent;
    if (state === "sent") this.commands.push({ cluster: CLUSTER, run, name, type: "create", startDeadlineAt });
    if (state === "removing") this.commands.push({ cluster: CLUSTER, run, name, type: "remove", n });
  }

  /** The next question about a late row is answered; `fails`: it gets no answer, and is asked again. */
  answerAsk(fails: boolean): void {
    const ask = this.asks.shift();
    if (ask === undefined || fails) return;
    const { run } = ask.row;
    const { job } = this.turn({ type: "late", cluster: CLUSTER, run, linked: ask.linked });
    const answer = answerLate(job, CLUSTER, run);
    const key = `${CLUSTER}/${run}`;
    const row = this.rows.get(key);
    if (row?.state !== "booked" || row.n !== ask.row.n) return;
    this.rows.set(
      key,
      answer === "keep" ? { ...row, lateAskedAt: ask.askedAt } : finalRow({ ...row, cancelled: true }, this.now),
    );
  }

  override ring(): void {
    if (!this.isAsleep) super.ring();
  }

  override obey(refuses: "nothing" | "creates" | "removes"): void {
    if (!this.presence.up) return;
    const before = new Map(this.created);
    super.obey(refuses);
    for (const [run, times] of this.created) if (times !== before.get(run)) this.#checkOverlap(run);
  }

  /** A slot's run was created just now: unless it is `Allow`, no other slot's may be unfinished. */
  #checkOverlap(number: number): void {
    const runs = this.runs();
    const isSlots = (run: Run | undefined) => run !== undefined && run.slotAt !== null;
    const run = runs.find((one) => one.run === number);
    if (!isSlots(run) || run?.definition?.cron?.concurrencyPolicy === "Allow") return;
    for (const { run: other, phase } of this.kube.values()) {
      if (other === number || phase === "finished" || !isSlots(runs.find((one) => one.run === other))) continue;
      this.overlapping.push(`run ${number} was created while run ${other} was ${phase}`);
    }
  }

  override passFacts(count: number, losesAck: boolean): void {
    if (this.presence.up) super.passFacts(count, losesAck);
  }

  /** The caller's update; true: it was taken. */
  edit(rules: Partial<CronRules>): boolean {
    const definition = cronDefinition({ ...this.#rules(), ...rules });
    const input = { definition, cluster: CLUSTER, force: false, claimedAt: null };
    const [step] = this.turn({ type: "update", input }).steps;
    return this.#defined(step?.kind === "moved", definition.cron);
  }

  /** The caller suspends it, or lets it go on. */
  suspend(suspend: boolean): boolean {
    const [step] = this.turn({ type: "suspend", suspend }).steps;
    return this.#defined(step?.kind === "moved", { ...this.#rules(), suspend });
  }

  #rules(): CronRules {
    return this.history.at(-1)?.rules ?? RULES;
  }

  #defined(isTaken: boolean, rules: CronRules | undefined): boolean {
    if (isTaken && rules) this.history.push({ from: this.now, rules });
    return isTaken;
  }

  trigger(): void {
    this.turn({ type: "trigger" });
  }

  /** Slots up to that moment that the definition of their time had; `lasting`: those that every later one had too. */
  slotsUntil(until: number): { all: number[]; lasting: number[] } {
    const all: number[] = [];
    const lasting: number[] = [];
    for (const [index, { from, rules }] of this.history.entries()) {
      const to = Math.min(until, this.history[index + 1]?.from ?? until);
      const later = this.history.slice(index + 1);
      for (const { at } of itemsBetween(rules, from, to, 10_000)) {
        all.push(at);
        const isKept = later.every((one) => itemsBetween(one.rules, at - 1, at, 1).length > 0);
        if (isKept || rules.suspend) lasting.push(at);
      }
    }
    return { all, lasting };
  }

  /** Slots soon after an edit that the definition before it had: a run that was booked before may have been sent. */
  slotsSentBeforeEdit(): Set<number> {
    const leadMs = 180_000;
    const early = this.history.slice(1).flatMap(({ from }, index) => {
      const before = this.history[index];
      return before ? itemsBetween(before.rules, from, from + leadMs, 1_000).map(({ at }) => at) : [];
    });
    return new Set(early);
  }

  /** Everything gets on until nothing is left to do at this moment, as it does where nothing goes wrong. */
  settle(): void {
    let handOvers = 0;
    for (let steps = 0; steps < 10_000; steps += 1) {
      this.ring();
      if (this.asks.length > 0) this.answerAsk(false);
      else if (this.effects.length > 0) this.tryEffect("none");
      else if (this.outcomes.length > 0) this.deliverOutcome();
      else if (this.presence.up && this.commands.length > 0) this.obey("nothing");
      else if (this.presence.up && this.facts.length > 0) this.passFacts(this.facts.length, false);
      else {
        // What is sent again at the same moment comes to nothing new.
        handOvers += 1;
        this.handOver();
        if (handOvers > 20 || this.asks.length + (this.presence.up ? this.commands.length : 0) === 0) return;
      }
    }
    throw new Error("the world does not settle");
  }
}
