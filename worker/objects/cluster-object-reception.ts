import { CLOSE } from "../../protocol/close-codes.ts";
import { type BadItem, decodeUp } from "../../protocol/codec.ts";
import type { Fact, Hello, Inventory, Lines, UpItem } from "../../protocol/up.ts";
import { LEASE_MS, PING_INTERVAL_MS } from "../../protocol/words.ts";
import { itemText, removeText } from "../clusters/frames.ts";
import { judgeHello, protocolSentence } from "../clusters/joining.ts";
import { keyOf } from "../clusters/open-run.ts";
import { checksFor, comparePage } from "../clusters/open-runs-comparison.ts";
import { roleAtHello } from "../clusters/open-runs-take-over.ts";
import { logWarning } from "../errors.ts";
import type { ClusterCounters } from "./cluster-object-counters.ts";
import type { Link, Links } from "./cluster-object-links.ts";
import type { ClusterMemory } from "./cluster-object-memory.ts";
import type { OpenRuns } from "./cluster-object-rows.ts";
import type { ClusterTurn } from "./cluster-object-turn.ts";

/** What receiving needs of the object around it. */
export type ReceptionPorts = {
  cluster: string;
  rows: OpenRuns;
  links: Links;
  memory: ClusterMemory;
  counters: ClusterCounters;
  turn: ClusterTurn;
  /** Takes the facts of one frame, in order. */
  takeFacts(process: string, facts: readonly Fact[], now: number): void;
  /** Hands lines to those who asked for them. */
  passLines(lines: Lines): void;
  /** Tells a relay why a fact of its frame could not be taken. */
  refuse(process: string, id: number, reason: string): void;
};

/** Takes what comes on the sockets: hello, inventory, facts, and the end of a link. */
export class Reception {
  readonly #ports: ReceptionPorts;
  /** What each link has listed so far; memory only: a page that is forgotten costs a needless check. */
  readonly #listed = new WeakMap<WebSocket, Set<string>>();
  readonly #unknownTypes = new Set<string>();

  constructor(ports: ReceptionPorts) {
    this.#ports = ports;
  }

  take(ws: WebSocket, message: string | ArrayBuffer, now: number): void {
    const { links, turn } = this.#ports;
    const isStranger = links.isStranger(ws);
    const known = links.linkOf(ws);
    if (!isStranger && known === null) return;
    if (typeof message !== "string") {
      this.#reject(ws, "a frame is text", now);
      return;
    }
    const decoded = decodeUp(message);
    if (!decoded.ok) {
      this.#reject(ws, decoded.problem, now);
      return;
    }
    let items = decoded.items;
    if (isStranger) {
      const [first, ...others] = items;
      if (first?.type !== "hello") {
        this.#rejectStranger(ws, decoded.bad);
        return;
      }
      turn.closeSilent(now);
      if (!this.#welcome(ws, first, now)) return;
      items = others;
    }
    const link = links.linkOf(ws);
    if (link !== null) this.#takeItems(link, items, decoded.bad, now);
  }

  /** A socket closed; `answer` is what the close handshake needs. */
  closed(ws: WebSocket, answer: { code: number; reason: string } | null, now: number): void {
    const { links, turn } = this.#ports;
    const link = links.linkOf(ws);
    if (link !== null) turn.lose(link, now);
    if (answer !== null && ws.readyState !== WebSocket.CLOSED) links.close(ws, answer.code, answer.reason);
  }

  #reject(ws: WebSocket, problem: string, now: number): void {
    const link = this.#ports.links.linkOf(ws);
    this.#ports.links.close(ws, CLOSE.badFrame, problem);
    if (link !== null) this.#ports.turn.lose(link, now);
  }

  #rejectStranger(ws: WebSocket, bad: readonly BadItem[]): void {
    const hello = bad.find((item) => item.type === "hello");
    if (hello?.problem.startsWith("protocol:")) {
      this.#ports.links.close(ws, CLOSE.unsupported, protocolSentence());
      return;
    }
    const problem = hello ? `hello: ${hello.problem}` : "the first item of a link is hello";
    this.#ports.links.close(ws, CLOSE.badFrame, problem);
  }

  /** Answers a hello; false: the relay may not join, and its socket is closed. */
  #welcome(ws: WebSocket, hello: Hello, now: number): boolean {
    const { cluster, links, memory, turn } = this.#ports;
    const judged = judgeHello(hello, cluster, memory.kept.pinned);
    if (judged.answer === "refuse") {
      links.close(ws, judged.code, judged.reason);
      return false;
    }
    const others = links.all();
    const role = roleAtHello(hello.process, others);
    const { process, window, relayVersion, kubernetesVersion } = hello;
    links.join(ws, { process, role, window, relayVersion, kubernetesVersion, helloAt: now });
    for (const older of others.filter((link) => link.process === process)) {
      links.close(older.ws, CLOSE.replaced, "the same relay process has a newer link");
    }
    memory.join(process, judged.pinned, now);
    const welcome = itemText({
      type: "welcome",
      protocol: judged.protocol,
      role,
      pingMs: PING_INTERVAL_MS,
      leaseMs: LEASE_MS,
      clusterLabel: `${memory.kept.installation}.${cluster}`,
      nextDueInMs: role === "active" ? turn.tellNextDue(ws, now) : null,
    });
    links.send(ws, [welcome]);
    return true;
  }

  #takeItems(link: Link, items: readonly UpItem[], bad: readonly BadItem[], now: number): void {
    const facts: Fact[] = [];
    for (const item of items) {
      switch (item.type) {
        case "hello":
          this.#reject(link.ws, "hello is the first item of a link and comes once", now);
          return;
        case "inventory":
          this.#compare(link, item, now);
          break;
        case "lines":
          this.#ports.passLines(item);
          break;
        case "nudge":
          // The turn that every event ends with sends what is due.
          break;
        case "leaving":
          // What the frame said before counts before: a create that was dropped goes to the next relay.
          this.#ports.takeFacts(link.process, facts.splice(0), now);
          this.#leave(link, now);
          break;
        default:
          facts.push(item);
      }
    }
    this.#ports.takeFacts(link.process, facts, now);
    for (const item of bad) this.#takeBad(link, item, now);
  }

  #takeBad(link: Link, item: BadItem, now: number): void {
    if (!item.known) {
      // A newer relay may say more than is understood here: ignored, and logged once.
      if (this.#unknownTypes.size < 100 && !this.#unknownTypes.has(item.type)) {
        this.#unknownTypes.add(item.type);
        logWarning(`relay ${link.process} sends items of the unknown type ${JSON.stringify(item.type.slice(0, 80))}`);
      }
      return;
    }
    if (item.id !== null && item.id >= 1) {
      this.#ports.refuse(link.process, item.id, item.problem);
      return;
    }
    this.#reject(link.ws, `${item.type}: ${item.problem}`, now);
  }

  /** Compares one page with the rows; the last page opens the link for commands. */
  #compare(link: Link, page: Inventory, now: number): void {
    const { rows, links, counters, turn } = this.#ports;
    const { changed, repairs, checks } = comparePage(page.jobs, (key) => rows.getByKey(key));
    rows.put([...changed, ...repairs]);
    if (repairs.length > 0) counters.add({ repairs: { listed_after_cancel: repairs.length } });
    const open = turn.openLink();
    if (open !== null) links.send(open.ws, [...repairs.map(removeText), ...checksFor(checks)]);
    const listed = this.#listed.get(link.ws) ?? new Set<string>();
    this.#listed.set(link.ws, listed);
    for (const job of page.jobs) listed.add(keyOf(job));
    for (const check of checks) listed.delete(keyOf(check));
    if (!page.last || link.inventoried) return;
    const opened = links.change(links.linkOf(link.ws) ?? link, { inventoried: true });
    this.#listed.delete(link.ws);
    if (opened.role === "active" && !opened.leaving) turn.sendOpen(opened, listed);
    turn.promote(now);
  }

  #leave(link: Link, now: number): void {
    const { links, memory, turn } = this.#ports;
    const leaving = links.change(links.linkOf(link.ws) ?? link, { leaving: true, role: "standby" });
    const others = links.all().filter((other) => other.ws !== leaving.ws && !other.leaving);
    memory.leave(
      link.process,
      others.map((other) => other.process),
      now,
    );
    turn.promote(now);
  }
}
