import { CLOSE } from "../../protocol/close-codes.ts";
import { createText, type ItemText, itemText, removeText } from "../clusters/frames.ts";
import { LATE_AFTER_MS, type OpenRun, ROWS_PER_TURN } from "../clusters/open-run.ts";
import { HELLO_WITHIN_MS, nextWake, type Wake } from "../clusters/open-runs-clock.ts";
import { checksFor, missingRuns } from "../clusters/open-runs-comparison.ts";
import { dueAtToTell, handOver, rowWhenSent } from "../clusters/open-runs-hand-over.ts";
import { isToBeAsked, nextLateAt } from "../clusters/open-runs-late.ts";
import { lossAt, mayCreateUntil } from "../clusters/open-runs-lease.ts";
import { silentLinks, standbyToPromote } from "../clusters/open-runs-take-over.ts";
import type { Link, Links } from "./cluster-object-links.ts";
import type { ClusterMemory } from "./cluster-object-memory.ts";
import type { OpenRuns } from "./cluster-object-rows.ts";

/** What a turn works on, and what it asks of the object around it. */
export type TurnPorts = {
  rows: OpenRuns;
  links: Links;
  memory: ClusterMemory;
  /** Starts asking the jobs of these late rows; `isAsking` is true until their answers are applied. */
  askLate(rows: readonly OpenRun[]): void;
  isAsking(row: OpenRun): boolean;
};

/**
 * One turn of the cluster's object, run by every event that wakes it: whoever fell silent is lost, a standby is promoted,
 * what is due is handed over, and the next wake-up follows from the state. Synchronous: rows are written before anything
 * is sent, and nothing comes between.
 */
export class ClusterTurn {
  readonly #ports: TurnPorts;
  /** The due time that the active link was told last; memory only, since telling it twice is free. */
  #told: { ws: WebSocket; dueAt: number | null } | null = null;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** Until when that process may still create a Job, epoch ms. */
  mayCreateUntil(process: string): number {
    return mayCreateUntil(process, this.#ports.links.active(), this.#ports.memory.kept.lost);
  }

  /** The active link, once its inventory is complete: the only one that is sent commands. */
  openLink(): Link | null {
    const active = this.#ports.links.active();
    return active?.inventoried ? active : null;
  }

  /** Runs the turn and gives the next wake-up. */
  run(now: number): Wake {
    const { rows } = this.#ports;
    this.closeSilent(now);
    this.promote(now);
    let unfinished = rows.forget(now, ROWS_PER_TURN);
    const link = this.openLink();
    if (link === null) this.#askWhileAway(now);
    else {
      this.#sendAgain(link, now);
      unfinished = this.#handOver(link, now) || unfinished;
    }
    return this.#wake(link, unfinished, now);
  }

  /** Closes links that have gone silent, and sockets that never said hello. */
  closeSilent(now: number): void {
    const { links } = this.#ports;
    for (const link of silentLinks(links.all(), now)) {
      links.close(link.ws, CLOSE.silent, "no ping came for 20 s");
      this.lose(link, now);
    }
    for (const { ws, acceptedAt } of links.strangers()) {
      if (acceptedAt + HELLO_WITHIN_MS <= now) links.close(ws, CLOSE.badFrame, "no hello came within 10 s");
    }
  }

  /** Remembers that a link ended, unless its process has another one or had left already. */
  lose(link: Link, now: number): void {
    const { links, memory } = this.#ports;
    const others = links.all().filter((other) => other.ws !== link.ws && !other.leaving);
    if (link.leaving || others.some((other) => other.process === link.process)) return;
    // A standby creates nothing; what it did as an active relay before is in the record of that loss.
    const until = link.role === "active" ? lossAt(link) : 0;
    memory.lose(
      link.process,
      until,
      others.map((other) => other.process),
      now,
    );
  }

  /** Gives the right to create to a standby when nobody holds it. */
  promote(now: number): void {
    const { links } = this.#ports;
    const standby = standbyToPromote(links.all(), now);
    if (standby === null) return;
    const link = links.change(standby, { role: "active" });
    links.send(link.ws, [itemText({ type: "role", role: "active" })]);
    // Its inventory is as old as its link, so every created run is looked for anew.
    if (link.inventoried) this.sendOpen(link, new Set());
  }

  /** Sends a link whose comparison is complete everything open but the creates, which follow in due order. */
  sendOpen(link: Link, listed: ReadonlySet<string>): void {
    const { rows, links } = this.#ports;
    // What another relay dropped is offered to this one at once.
    const dropped = [...rows.again()].filter((row) => row.state === "booked" || row.state === "sent");
    rows.put(dropped.map((row) => ({ ...row, againAt: null })));
    const removes = [...rows.inState("removing")].map(removeText);
    links.send(link.ws, [...removes, ...checksFor(missingRuns(rows.inState("created"), listed))]);
  }

  /** Rows whose fence has ended: a removal, or the look for a Job, is repeated. Creates take part in the hand-over. */
  #sendAgain(link: Link, now: number): void {
    const { rows, links } = this.#ports;
    const ready = [...rows.again()].filter((row) => row.againAt !== null && row.againAt <= now);
    const removing = ready.filter((row) => row.state === "removing");
    const created = ready.filter((row) => row.state === "created");
    if (removing.length + created.length === 0) return;
    rows.put([...removing, ...created].map((row) => ({ ...row, againAt: null })));
    links.send(link.ws, [...removing.map(removeText), ...checksFor(created)]);
  }

  /** Sends what is due; true: more may be due at once. The rows move on before the frames leave. */
  #handOver(link: Link, now: number): boolean {
    const { rows, links, memory } = this.#ports;
    const candidates = { booked: rows.bookedAfter(0), sent: rows.inState("sent") };
    const isAsking = (row: OpenRun) => this.#ports.isAsking(row);
    const { creates, asking } = handOver(candidates, link, memory.kept.presence, isAsking, now);
    const sent = creates.map((row) => rowWhenSent(row, link, (process) => this.mayCreateUntil(process), now));
    rows.put(sent);
    const items = sent.map((row) => createText(row, rows.manifest(row), now));
    const tell = this.#nextDueItem(link, now);
    links.send(link.ws, tell === null ? items : [...items, tell]);
    if (asking.length > 0) this.#ports.askLate(asking);
    return creates.length === ROWS_PER_TURN;
  }

  #askWhileAway(now: number): void {
    const { rows, memory } = this.#ports;
    const { presence } = memory.kept;
    // A link that has yet to list its Jobs will do so in a moment: then its late runs are asked for.
    if (presence.up) return;
    const asking: OpenRun[] = [];
    for (const row of rows.bookedAfter(0)) {
      if (asking.length === ROWS_PER_TURN || row.dueAt + LATE_AFTER_MS > now) break;
      if (isToBeAsked(row, presence, now) && !this.#ports.isAsking(row)) asking.push(row);
    }
    if (asking.length > 0) this.#ports.askLate(asking);
  }

  /** What `welcome` and `next_due` say about the next due time; remembers it as told to that link. */
  tellNextDue(ws: WebSocket, now: number): number | null {
    const dueAt = dueAtToTell(this.#ports.rows.nextDueAt(now), now);
    this.#told = { ws, dueAt };
    return dueAt === null ? null : dueAt - now;
  }

  #nextDueItem(link: Link, now: number): ItemText | null {
    const before = this.#told?.ws === link.ws ? this.#told.dueAt : null;
    const nextDueInMs = this.tellNextDue(link.ws, now);
    return this.#told?.dueAt === before ? null : itemText({ type: "next_due", nextDueInMs });
  }

  #wake(link: Link | null, unfinished: boolean, now: number): Wake {
    const { rows, links, memory } = this.#ports;
    const { presence } = memory.kept;
    return nextWake(
      {
        nextDueAt: rows.nextDueAt(now),
        ready: link !== null,
        lateAt: presence.up ? null : nextLateAt(rows.bookedAfter(now - LATE_AFTER_MS), presence),
        again: rows.again(),
        openCount: rows.openCount(),
        links: links.all(),
        strangers: links.strangers().map((stranger) => stranger.acceptedAt),
        forgetAt: rows.latestForgetAt(),
        unfinished,
      },
      now,
    );
  }
}
