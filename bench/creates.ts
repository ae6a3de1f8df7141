import { Agent, request } from "undici";

/** Connections that create at the same time. */
export const CONNECTIONS = 8;

/** How many creates a second went through, and how long one took (ms). */
export type CreateRate = { perSecond: number; latenciesMs: number[] };

/**
 * Sends `count` creates over eight connections, each as soon as the one before it was answered. Throws at the first answer
 * that is no success: a rate of errors is no rate.
 */
export async function measureCreates(
  url: string,
  headers: Record<string, string>,
  bodyOf: (index: number) => unknown,
  count: number,
): Promise<CreateRate> {
  const agent = new Agent({ connections: CONNECTIONS, pipelining: 1 });
  const latenciesMs: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const startedMs = performance.now();
      const answer = await request(url, {
        method: "POST",
        dispatcher: agent,
        headers: { ...headers, "content-type": "application/json" },
        body: JSON.stringify(bodyOf(index)),
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new Error(`${url} answered ${answer.statusCode}: ${text}`);
      latenciesMs.push(performance.now() - startedMs);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  const tookMs = performance.now() - startedMs;
  await agent.close();
  return { perSecond: (count * 1_000) / tookMs, latenciesMs };
}
