import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import { onTestFinished } from "vitest";
import { z } from "zod";

const Told = z.looseObject({
  job_id: z.string(),
  success: z.boolean(),
  message: z.string(),
  run: z.number(),
  status: z.string(),
  event: z.string(),
});

/** One call as it came. `verifies`: which of the receiver's secrets its signature fits. */
export type Received = {
  at: number;
  id: string;
  body: string;
  told: z.infer<typeof Told>;
  verifies: string[];
  /** How many signatures it carried. */
  signatures: number;
};

/** What the receiver answers to the call with that index: a status, or nothing at all. */
export type Answers = (index: number, response: ServerResponse) => number | "nothing";

/** A receiver of callbacks on loopback, which verifies each with the public library. */
export class Receiver {
  readonly received: Received[] = [];
  readonly #secrets: readonly string[];
  #port = 0;
  answers: Answers = () => 204;

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets;
  }

  static async start(secrets: readonly string[]): Promise<Receiver> {
    const receiver = new Receiver(secrets);
    const server = createServer((request, response) => void receiver.#take(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    receiver.#port = portOf(server.address());
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  of(jobId: string): Received[] {
    return this.received.filter(({ told }) => told.job_id === jobId);
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString("utf8");
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const verifies = this.#secrets.filter((secret) => {
      try {
        new Webhook(secret).verify(body, headers);
        return true;
      } catch {
        // A signature that does not fit is what is counted.
        return false;
      }
    });
    const signatures = headers["webhook-signature"]?.split(" ").length ?? 0;
    const told = Told.parse(JSON.parse(body));
    const index = this.received.length;
    this.received.push({ at: Date.now(), id: headers["webhook-id"] ?? "", body, told, verifies, signatures });
    const status = this.answers(index, response);
    if (status !== "nothing") response.writeHead(status).end();
  }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === "string") throw new Error("the receiver listens on no port");
  return address.port;
}
