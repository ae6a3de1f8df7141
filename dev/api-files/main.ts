import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { chineseText } from "./chinese.ts";
import { clientTypesText } from "./client-types.ts";
import { readDocument } from "./document.ts";
import { parseDocument } from "./read-operations.ts";
import { Translations } from "./translations.ts";

const ROOT = path.join(import.meta.dirname, "../..");

const USAGE = `npm run api-files: makes the files that follow from the API, as its OpenAPI document describes it:
client/api-types.ts and docs/api.zh.md (translations: docs/api.zh.json). With --check it writes nothing, and ends with 1 where
one of them is stale.`;

async function formatted(file: string, text: string): Promise<string> {
  const child = promisify(execFile)(
    path.join(ROOT, "node_modules/.bin/biome"),
    ["format", `--stdin-file-path=${file}`],
    { cwd: ROOT },
  );
  child.child.stdin?.end(text);
  return (await child).stdout;
}

/** The files and what they should say; throws where a text has no translation. */
async function filesOf(): Promise<Map<string, string>> {
  const document = parseDocument(await readDocument());
  const translations = Translations.parse(JSON.parse(await readFile(path.join(ROOT, "docs/api.zh.json"), "utf8")));
  return new Map([
    ["client/api-types.ts", await formatted("client/api-types.ts", clientTypesText(document))],
    ["docs/api.zh.md", chineseText(document, translations)],
  ]);
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  let stale = 0;
  for (const [file, text] of await filesOf()) {
    const known = await readFile(path.join(ROOT, file), "utf8").catch(() => null);
    if (known === text) continue;
    if (args.includes("--check")) {
      process.stderr.write(`${file} is not what the OpenAPI document says: npm run api-files\n`);
      stale += 1;
    } else {
      await writeFile(path.join(ROOT, file), text);
    }
  }
  return stale === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`watchbell: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
