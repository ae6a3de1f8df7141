import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { chineseText } from "../../../dev/api-files/chinese.ts";
import { codesIn } from "../../../dev/api-files/codes.ts";
import { readDocument } from "../../../dev/api-files/document.ts";
import { type ApiDocument, parseDocument } from "../../../dev/api-files/read-operations.ts";
import { Translations } from "../../../dev/api-files/translations.ts";
import { typeText } from "../../../dev/api-files/type-text.ts";
import { ROOT } from "../../../dev/start/ready.ts";

let document: ApiDocument;
let translations: Translations;

beforeAll(async () => {
  document = parseDocument(await readDocument());
  translations = Translations.parse(JSON.parse(await readFile(path.join(ROOT, "docs/api.zh.json"), "utf8")));
}, 30_000);

describe("the files made of the API's document", () => {
  test("are what the document says today", async () => {
    const check = promisify(execFile)(process.execPath, ["dev/api-files/main.ts", "--check"], { cwd: ROOT });

    expect(await check).toEqual({ stdout: "", stderr: "" });
  });

  test("the Chinese one has every path, field, default, limit and code", () => {
    const text = chineseText(document, translations);

    for (const { path: apiPath, operations } of document.paths) {
      expect(text).toContain(apiPath);
      for (const { verb, operation } of operations) {
        if (!apiPath.includes("/job_id")) expect(text).toContain(`\`${verb} ${apiPath}\``);
        const codes = Object.values(operation.responses).flatMap(({ description }) => codesIn(description));
        for (const { code, name } of codes) expect(text).toContain(`${code} ${name}`);
      }
    }
    expect(text).toMatch(/\| `metadata\.backoff_limit` \| int \\\| string \| false \| `"1"` \| .*0 至 2147483647 \|/);
    expect(text).toMatch(/\| `jobs` \| .*最多 100 项 \|/);
    expect(text).toMatch(/\| `job_name` \| string \| true \| .*最多 57 个字符 \|/);
    expect(text).toMatch(/\| `data\.data` \| array \[OnceJob\] \||\| `data` \| OnceJobPage \|/);
  });

  test("the Chinese one names a text without a translation, and a translation without a text", () => {
    const { "Create a once job": _, ...texts } = translations.texts;
    const { image: __, ...fields } = translations.fields;

    const make = () => chineseText(document, { texts: { ...texts, "Once said": "曾经" }, fields });

    expect(make).toThrow('no translation in texts: "Create a once job"');
    expect(make).toThrow('no translation in fields: "image"');
    expect(make).toThrow('no longer says: texts: "Once said"');
  });
});

test("a type says what a schema allows", () => {
  const absent = [{ const: "" }, { type: "null" }];

  expect(typeText({ anyOf: [{ type: "string" }, { type: "null" }] })).toBe("string | null");
  expect(typeText({ anyOf: [{ type: "integer" }, { type: "string" }, ...absent] })).toBe("number | string");
  expect(typeText({ type: "array", items: { enum: [1, "a"] } })).toBe('(1 | "a")[]');
  expect(typeText({ type: ["string", "number"] })).toBe("string | number");
  expect(typeText({})).toBe("unknown");
  expect(
    typeText({ type: "object", properties: { a: { const: 0, description: "No */." }, b: {} }, required: ["a"] }),
  ).toBe('{\n/** No *\\/. */\n"a": 0;\n"b"?: unknown;\n}');
});

test("the codes of a response are told apart, whatever full stops their sentences have", () => {
  expect(codesIn("104 VerifyJobError: a field. It is named. 252 GenJobError: no Job.")).toEqual([
    { code: "104", name: "VerifyJobError", when: "a field. It is named." },
    { code: "252", name: "GenJobError", when: "no Job." },
  ]);
  expect(codesIn("Success.")).toEqual([]);
});
