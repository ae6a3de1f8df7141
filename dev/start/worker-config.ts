import { readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";

/**
 * The part of wrangler.toml that a local Worker needs. Strict: a binding that is added there and not here stops the start
 * with its name, rather than being undefined in the Worker. Read without wrangler, whose 15 MB take a second to load.
 */
const WranglerToml = z.strictObject({
  name: z.string(),
  main: z.string(),
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()).default([]),
  vars: z.record(z.string(), z.string()).default({}),
  triggers: z.strictObject({ crons: z.array(z.string()) }).default({ crons: [] }),
  d1_databases: z.array(
    z.strictObject({
      binding: z.string(),
      database_name: z.string(),
      database_id: z.string(),
      migrations_dir: z.string(),
      jurisdiction: z.string().optional(),
    }),
  ),
  durable_objects: z.strictObject({
    bindings: z.array(z.strictObject({ name: z.string(), class_name: z.string() })),
  }),
  migrations: z.array(z.strictObject({ tag: z.string(), new_sqlite_classes: z.array(z.string()) })),
  ratelimits: z
    .array(
      z.strictObject({
        name: z.string(),
        namespace_id: z.string(),
        simple: z.strictObject({ limit: z.int(), period: z.union([z.literal(10), z.literal(60)]) }),
      }),
    )
    .default([]),
  // These matter to a deployment only.
  workers_dev: z.unknown().optional(),
  preview_urls: z.unknown().optional(),
  routes: z.unknown().optional(),
  observability: z.unknown().optional(),
  limits: z.unknown().optional(),
  placement: z.unknown().optional(),
});
export type WranglerToml = z.infer<typeof WranglerToml>;

/** Reads the Worker's configuration; throws a sentence that names the setting that a local Worker can't have. */
export function readWorkerConfig(projectDir: string): WranglerToml {
  const parsed = WranglerToml.safeParse(parse(readFileSync(path.join(projectDir, "wrangler.toml"), "utf8")));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`wrangler.toml: ${issue?.path.join(".") || "the file"}: ${issue?.message}`);
}

/** The configuration as Miniflare's options for one Worker (its version 4 names, which it converts itself). */
export function miniflareOptionsOf(config: WranglerToml) {
  const sqliteClasses = new Set(config.migrations.flatMap((migration) => migration.new_sqlite_classes));
  return {
    name: config.name,
    compatibilityDate: config.compatibility_date,
    compatibilityFlags: config.compatibility_flags,
    d1Databases: Object.fromEntries(config.d1_databases.map((each) => [each.binding, { id: each.database_id }])),
    durableObjects: Object.fromEntries(
      config.durable_objects.bindings.map((each) => [
        each.name,
        { className: each.class_name, useSQLite: sqliteClasses.has(each.class_name) },
      ]),
    ),
    ratelimits: Object.fromEntries(
      config.ratelimits.map(({ name, namespace_id, simple }) => [name, { namespace_id, simple }]),
    ),
  };
}
