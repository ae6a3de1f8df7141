import type { ServerResponse } from "node:http";

/** One open stream of events, which fault injection can freeze, drop or expire. */
export type WatchStream = {
  path: string;
  /** Says whether its client is one of the cluster's own parts. */
  isInternal: boolean;
  /** Ends it with an ERROR event of code 410. */
  expire: () => void;
  /** Stops sending without closing: a half-open connection. */
  freeze: () => void;
  response: ServerResponse;
};

/** What can be done to open watches. */
export type StreamFault = "freeze" | "drop" | "expire";

/** The open watches of this server. */
export class WatchStreams {
  readonly #open = new Set<WatchStream>();

  /** Registers a stream until its connection closes. */
  add(stream: WatchStream): void {
    this.#open.add(stream);
    stream.response.on("close", () => this.#open.delete(stream));
  }

  /** Applies a fault to every outside client's open watch whose path matches; answers how many there were. */
  apply(fault: StreamFault, path: RegExp): number {
    const hit = [...this.#open].filter((stream) => !stream.isInternal && path.test(stream.path));
    for (const stream of hit) {
      if (fault === "freeze") stream.freeze();
      else if (fault === "drop") stream.response.destroy();
      else stream.expire();
    }
    return hit.length;
  }

  /** Freezes the stream that answers one request. */
  freeze(response: ServerResponse): void {
    for (const stream of this.#open) if (stream.response === response) stream.freeze();
  }

  /** Ends every stream cleanly, as a server that shuts down does. */
  endAll(): void {
    for (const stream of this.#open) stream.response.end();
  }
}
