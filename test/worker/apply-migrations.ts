import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";

// Each test file has a D1 of its own; this brings it to the newest schema before the file's tests.
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
