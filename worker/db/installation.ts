import { drizzle } from "drizzle-orm/d1";
import { installation } from "./schema.ts";

const knownOf = new WeakMap<D1Database, string>();

/** This installation's id (8 letters and digits), read once per isolate; throws where the migrations have not run. */
export async function installationId(db: D1Database): Promise<string> {
  const known = knownOf.get(db);
  if (known !== undefined) return known;
  const row = await drizzle(db).select().from(installation).limit(1).get();
  if (!row) throw new Error("table installation is empty: apply the migrations (wrangler d1 migrations apply)");
  knownOf.set(db, row.id);
  return row.id;
}
