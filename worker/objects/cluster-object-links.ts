import { z } from "zod";
import { Role } from "../../protocol/down.ts";
import { type ItemText, packFrames } from "../clusters/frames.ts";
import { closeReason } from "../clusters/joining.ts";
import type { LinkLife } from "../clusters/open-runs-take-over.ts";
import { logError } from "../errors.ts";

/** What a socket carries through hibernation: who is at the other end, if it has said so. */
const Attachment = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("stranger"), acceptedAt: z.number() }),
  z.object({
    kind: z.literal("link"),
    process: z.string(),
    role: Role,
    helloAt: z.number(),
    window: z.number(),
    /** The inventory is complete, so commands may go out. */
    inventoried: z.boolean(),
    leaving: z.boolean(),
    relayVersion: z.string(),
    kubernetesVersion: z.string(),
  }),
  /** Closed by us: what still comes from it is ignored (dead sockets can linger, workerd issue 1187). */
  z.object({ kind: z.literal("closed") }),
]);
type Attachment = z.infer<typeof Attachment>;
type LinkAttachment = Extract<Attachment, { kind: "link" }>;

/** A link: the socket of a relay process that has said hello. */
export type Link = LinkLife & LinkAttachment & { ws: WebSocket };

/** The object's sockets. They outlive its memory, so all that is known about one lies in its attachment. */
export class Links {
  readonly #ctx: DurableObjectState;
  /** Attachments as they were read or written last: every turn looks at them. */
  readonly #known = new WeakMap<WebSocket, Attachment>();

  constructor(ctx: DurableObjectState) {
    this.#ctx = ctx;
  }

  accept(ws: WebSocket, now: number): void {
    this.#ctx.acceptWebSocket(ws);
    this.#attach(ws, { kind: "stranger", acceptedAt: now });
  }

  #attach(ws: WebSocket, attachment: Attachment): void {
    ws.serializeAttachment(attachment);
    this.#known.set(ws, attachment);
  }

  #attachmentOf(ws: WebSocket): Attachment {
    const known = this.#known.get(ws);
    if (known) return known;
    const parsed = Attachment.safeParse(ws.deserializeAttachment());
    const attachment: Attachment = parsed.success ? parsed.data : { kind: "closed" };
    this.#known.set(ws, attachment);
    return attachment;
  }

  isStranger(ws: WebSocket): boolean {
    return this.#attachmentOf(ws).kind === "stranger";
  }

  linkOf(ws: WebSocket): Link | null {
    const attachment = this.#attachmentOf(ws);
    if (attachment.kind !== "link") return null;
    const lastPingAt = this.#ctx.getWebSocketAutoResponseTimestamp(ws)?.getTime() ?? null;
    return { ...attachment, lastPingAt, ws };
  }

  /** All links that stand, those of leaving processes included. */
  all(): Link[] {
    return this.#ctx
      .getWebSockets()
      .filter((ws) => ws.readyState === WebSocket.OPEN)
      .map((ws) => this.linkOf(ws))
      .filter((link) => link !== null);
  }

  /** The link that holds the right to create. */
  active(): Link | null {
    return this.all().find((link) => link.role === "active" && !link.leaving) ?? null;
  }

  /** When each socket that has not said hello was accepted. */
  strangers(): { ws: WebSocket; acceptedAt: number }[] {
    return this.#ctx.getWebSockets().flatMap((ws) => {
      const attachment = this.#attachmentOf(ws);
      return attachment.kind === "stranger" && ws.readyState === WebSocket.OPEN
        ? [{ ws, acceptedAt: attachment.acceptedAt }]
        : [];
    });
  }

  join(ws: WebSocket, link: Omit<LinkAttachment, "kind" | "inventoried" | "leaving">): void {
    this.#attach(ws, { kind: "link", inventoried: false, leaving: false, ...link });
  }

  change(link: Link, change: Partial<Pick<LinkAttachment, "role" | "inventoried" | "leaving">>): Link {
    const { ws, lastPingAt: _, ...attachment } = link;
    this.#attach(ws, { ...attachment, ...change });
    return { ...link, ...change };
  }

  /** Closes a socket with a sentence; nothing that still comes from it counts. */
  close(ws: WebSocket, code: number, reason: string): void {
    this.#attach(ws, { kind: "closed" });
    try {
      ws.close(code, closeReason(reason));
    } catch (error) {
      // The other end may be gone already; the socket is out of use either way.
      logError(`closing a link with ${code} failed`, error);
    }
  }

  /** Sends items in as few frames as they fit; false: the socket is broken, and its close event will say so. */
  send(ws: WebSocket, items: readonly ItemText[]): boolean {
    try {
      for (const frame of packFrames(items)) ws.send(frame);
      return true;
    } catch (error) {
      logError("sending on a link failed", error);
      return false;
    }
  }
}
