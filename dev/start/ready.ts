import path from "node:path";
import { z } from "zod";

/** The repository's root: dev/start lies two folders below it. */
export const ROOT = path.resolve(import.meta.dirname, "../..");

/** Everything local listens here and nowhere else. */
export const HOST = "127.0.0.1";

/** What a part says over its IPC channel once it can do its work; again when something in it has changed. */
export const WorkerReady = z.object({ type: z.literal("ready"), url: z.string(), workerdPid: z.int().min(1) });
export type WorkerReady = z.infer<typeof WorkerReady>;

export const RelayReady = z.object({ type: z.literal("ready"), healthPort: z.int().min(1) });
export type RelayReady = z.infer<typeof RelayReady>;

export const ClusterReady = z.object({ type: z.literal("ready"), url: z.string(), kubeconfig: z.string() });
export type ClusterReady = z.infer<typeof ClusterReady>;
