import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { type Family, killFamilies } from "./processes.ts";

/** How long it goes on looking for what is left after the pipe closed, and how often, ms. */
const huntMs = 2_000;
const huntEveryMs = 100;

const Order = z.union([
  z.object({
    watch: z.string(),
    family: z.object({
      groups: z.array(z.number().int().min(2)),
      pids: z.array(z.number().int().min(2)),
      environment: z.array(z.string()),
      folder: z.string(),
      sinceTicks: z.number(),
    }),
  }),
  z.object({ forget: z.string() }),
]);

/**
 * A process that does one thing: it is told over its stdin what belongs to its parent, one JSON line each, and when that pipe
 * closes, which happens however the parent ends, kill -9 included, it kills all of it and exits.
 */
async function run(): Promise<void> {
  // Only the closing pipe ends it: a signal to everybody must not take it down before it has done its work.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
  const families = new Map<string, Family>();
  for await (const line of createInterface({ input: process.stdin })) {
    const order = parseOrder(line);
    if (order === undefined) continue;
    if ("forget" in order) families.delete(order.forget);
    else families.set(order.watch, order.family);
  }
  const until = Date.now() + huntMs;
  // Again until nothing is left: what is being forked while it looks shows up in the next round.
  while (killFamilies([...families.values()]).some((count) => count > 0) && Date.now() < until)
    await sleep(huntEveryMs);
}

/** A parent killed in the middle of a write leaves half a line: that must not keep the reaper from its work. */
function parseOrder(line: string): z.infer<typeof Order> | undefined {
  try {
    return Order.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await run();
