import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { decodeDown, encodeFrame } from "../../../protocol/codec.ts";
import type { DownItem } from "../../../protocol/down.ts";
import type { Hello, Inventory, UpItem } from "../../../protocol/up.ts";
import type { ClusterCalls } from "../../../worker/clusters/calls.ts";
import { INSTALLATION_HEADER } from "../../../worker/objects/cluster-object.ts";

type ItemOf<Type extends DownItem["type"]> = Extract<DownItem, { type: Type }>;
type Received = { at: number; item: DownItem };

/** A close as the relay saw it. */
export type Closed = { code: number; reason: string };

/** The stub of a cluster's object, as the platform gives it. */
export function clusterStub(cluster: string): DurableObjectStub {
  return env.CLUSTERS.get(env.CLUSTERS.idFromName(cluster));
}

/** The calls of a cluster's object. */
export function clusterObject(cluster: string): ClusterCalls {
  const stub: unknown = clusterStub(cluster);
  // The namespace's generated type does not name the class's calls.
  return stub as ClusterCalls;
}

/** A hello of a relay process, good unless told otherwise. */
export function hello(cluster: string, process: string, change: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    protocol: 1,
    cluster,
    process,
    relayVersion: "0.1.0",
    kubernetesVersion: "v1.36.3",
    identity: { kubeSystemUid: `uid-of-${cluster}` },
    window: 64,
    namespaces: [],
    ...change,
  };
}

/** The relay's end of a link: a real socket into the object, with everything that came down it. */
export class FakeRelay {
  readonly ws: WebSocket;
  readonly received: Received[] = [];
  readonly pongs: number[] = [];
  frames = 0;
  closed: Closed | null = null;

  constructor(ws: WebSocket) {
    this.ws = ws;
    ws.accept();
    ws.addEventListener("message", (event) => this.#take(event.data));
    ws.addEventListener("close", (event) => {
      this.closed = { code: event.code, reason: event.reason };
    });
  }

  #take(data: string | ArrayBuffer): void {
    if (data === "pong") {
      this.pongs.push(Date.now());
      return;
    }
    this.frames += 1;
    const decoded = decodeDown(String(data));
    if (!decoded.ok || decoded.bad.length > 0) throw new Error(`a frame that is none: ${String(data).slice(0, 200)}`);
    for (const item of decoded.items) this.received.push({ at: Date.now(), item });
  }

  send(...items: UpItem[]): void {
    this.ws.send(encodeFrame(items));
  }

  /** Pings and waits for the answer. */
  async ping(): Promise<void> {
    const before = this.pongs.length;
    this.ws.send("ping");
    await vi.waitFor(() => {
      if (this.pongs.length === before) throw new Error("no pong");
    });
  }

  all<Type extends DownItem["type"]>(type: Type): ItemOf<Type>[] {
    return this.received.map(({ item }) => item).filter((item): item is ItemOf<Type> => item.type === type);
  }

  /** When each item of that type came, epoch ms. */
  timesOf(type: DownItem["type"]): number[] {
    return this.received.filter(({ item }) => item.type === type).map(({ at }) => at);
  }

  /** Waits until that many items of a type have come, and gives them. */
  async until<Type extends DownItem["type"]>(type: Type, count = 1): Promise<ItemOf<Type>[]> {
    return await vi.waitFor(
      () => {
        const items = this.all(type);
        if (items.length < count)
          throw new Error(`${items.length} of ${count} ${type}; closed: ${JSON.stringify(this.closed)}`);
        return items;
      },
      { timeout: 8_000, interval: 5 },
    );
  }

  async untilClosed(): Promise<Closed> {
    return await vi.waitFor(
      () => {
        if (this.closed === null) throw new Error("still open");
        return this.closed;
      },
      { timeout: 8_000, interval: 5 },
    );
  }
}

/** Opens a socket into the object as the Worker's route does, and says nothing on it. */
export async function dial(cluster: string): Promise<FakeRelay> {
  const headers = { upgrade: "websocket", [INSTALLATION_HEADER]: "abcd1234" };
  const response = await clusterStub(cluster).fetch("https://cluster/", { headers });
  if (!response.webSocket) throw new Error(`no socket: ${response.status}`);
  return new FakeRelay(response.webSocket);
}

/** A relay that has said hello, was welcomed and listed these Jobs. */
export async function joinedRelay(
  cluster: string,
  process: string,
  options: { hello?: Partial<Hello>; jobs?: Inventory["jobs"]; inventory?: boolean } = {},
): Promise<FakeRelay> {
  const relay = await dial(cluster);
  relay.send(hello(cluster, process, options.hello));
  await relay.until("welcome");
  if (options.inventory !== false) relay.send({ type: "inventory", jobs: options.jobs ?? [], last: true });
  return relay;
}
