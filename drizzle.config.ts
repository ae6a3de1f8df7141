import { defineConfig } from "drizzle-kit";

/** `npm run migration` compares worker/db/schema.ts with migrations/meta and writes the next numbered file. */
export default defineConfig({ dialect: "sqlite", schema: "./worker/db/schema.ts", out: "./migrations" });
