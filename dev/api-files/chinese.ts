import { fieldTable, responseTable } from "./chinese-tables.ts";
import { codesIn } from "./codes.ts";
import { type ApiDocument, type ApiPath, jsonSchemaOf, type Operation } from "./read-operations.ts";
import { type Translations, type Translator, translatorOf } from "./translations.ts";
import type { Schema } from "./type-text.ts";

/**
 * The API part of the documentation in Chinese, with the seed's words: every path with both its forms, its fields, defaults,
 * limits and codes. Pure; throws, naming each, where a text has no translation or a translation no text.
 */
export function chineseText(document: ApiDocument, translations: Translations): string {
  const translator = translatorOf(translations);
  const { info } = document;
  const parts = [
    `<!-- 由 \`npm run api-files\` 根据 OpenAPI 文档生成, 请勿修改; 译文在 docs/api.zh.json. -->`,
    `# ${info.title} 接口说明文档`,
    `版本 ${info.version}. ${translator.text(info.description)}`,
    "请求头: `Authorization: Bearer <token>` (`/api/*` 均须携带). 机器可读的同一文档: `GET /openapi.json`; 网页: `GET /docs`.",
    `返回内容: \`{ "code", "cause", "error_msg", "data" }\`; \`code\` 为 0 即成功, 失败时 \`cause\` 说明原因, \`error_msg\` 为状态码名称, \`data\` 为 null.`,
    ...pathSections(document, translator),
    "## 公共类型",
    ...Object.entries(document.schemas).map(
      ([name, schema]) => `### ${name}\n\n${fieldTable(schema, translator, { answer: true })}`,
    ),
    "## 状态码",
    codeTable(document, translator),
  ];
  const text = `${parts.filter((part) => part !== "").join("\n\n")}\n`;
  const problems = translator.problems();
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return text;
}

function pathSections(document: ApiDocument, translator: Translator): string[] {
  const main = document.paths.filter(({ isByField }) => !isByField);
  const byTag = Map.groupBy(main, ({ operations }) => operations[0]?.operation.tags[0] ?? "");
  return [...byTag].flatMap(([tag, paths]) => [
    `## ${translator.text(tag)}`,
    ...paths.map((path) => sectionOf(path, document, translator)),
  ]);
}

function sectionOf(path: ApiPath, document: ApiDocument, translator: Translator): string {
  // A POST says the most: its fields are those of the query, as JSON.
  const operation = (path.operations.find(({ verb }) => verb === "POST") ?? path.operations[0])?.operation;
  if (operation === undefined) return "";
  const literal = path.path.replace("{job_id}", "job_id");
  const hasFieldForm = document.paths.some(({ path: other, isByField }) => isByField && other === literal);
  const uri = path.operations.map(({ verb }) => `- \`${verb} ${path.path}\``);
  if (hasFieldForm)
    uri.push(`- 或路径写作 \`${literal}\`, 任务 id 放在 JSON body (GET、DELETE 为 query) 的 \`job_id\` 中`);
  const parts = [
    `### ${translator.text(operation.summary)}`,
    translator.text(operation.description),
    uri.join("\n"),
    requestPart(operation, translator),
    answerPart(operation, translator),
    `返回状态:\n\n${responseTable(operation.responses, translator)}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function requestPart(operation: Operation, translator: Translator): string {
  const body = jsonSchemaOf(operation.requestBody);
  const parameters = operation.parameters.map(({ name, description, schema, required, in: place }) => ({
    name,
    place,
    schema: description === undefined ? schema : { ...schema, description },
    required,
  }));
  const asSchema: Schema = {
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
  };
  const places = Object.fromEntries(parameters.map(({ name, place }) => [name, place]));
  const tables = [fieldTable(asSchema, translator, { places }), body ? fieldTable(body, translator) : ""];
  const filled = tables.filter((table) => table !== "");
  const example = operation.requestBody?.content["application/json"]?.example;
  return filled.length === 0 ? "" : [`请求:`, ...filled, exampleOf(example)].filter((part) => part !== "").join("\n\n");
}

function answerPart(operation: Operation, translator: Translator): string {
  const success = operation.responses["200"];
  const data = jsonSchemaOf(success)?.properties?.data;
  if (data === undefined) return "";
  const table = fieldTable({ properties: { data }, required: ["data"] }, translator, { answer: true });
  return ["返回:", table, exampleOf(success?.content?.["application/json"]?.example)]
    .filter((part) => part !== "")
    .join("\n\n");
}

function exampleOf(value: unknown): string {
  return value === undefined ? "" : `JSON 示例:\n\n\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``;
}

function codeTable(document: ApiDocument, translator: Translator): string {
  const responses = document.paths.flatMap(({ operations }) =>
    operations.flatMap(({ operation }) =>
      Object.entries(operation.responses).map(([status, { description }]) => ({ status, description })),
    ),
  );
  const rows = responses.flatMap(({ status, description }) =>
    codesIn(description).map((code) => ({ status, ...code })),
  );
  const lines = rows.map(
    ({ code, name, when, status }) => `| ${code} | ${name} | ${status} | ${translator.text(when)} |`,
  );
  const sorted = [...new Set(lines)].sort();
  return ["| 状态码 | 名称 | HTTP | 描述 |", "| ---- | ---- | ---- | ---- |", ...sorted].join("\n");
}
