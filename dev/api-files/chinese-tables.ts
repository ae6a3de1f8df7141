import { codesIn } from "./codes.ts";
import type { Operation } from "./read-operations.ts";
import type { Translator } from "./translations.ts";
import { refName, type Schema, waysOf } from "./type-text.ts";

const PLACES: Record<string, string> = { path: "路径", query: "query", header: "请求头" };

type TableOptions = {
  /** Of an answer: no defaults. */
  answer?: true;
  /** Where each parameter is. */
  places?: Record<string, string>;
};

type Row = { name: string; schema: Schema; isRequired: boolean };

/** The fields of an object as a table, those of objects within it behind them with their place before the name; "" for none. */
export function fieldTable(schema: Schema, translator: Translator, options: TableOptions = {}): string {
  const rows = rowsOf(schema, "");
  if (rows.length === 0) return "";
  const head =
    options.answer === true
      ? ["| 字段 | json 类型 | 说明 |", "| ---- | ---- | ---- |"]
      : ["| 字段 | json 类型 | 是否必传 | 默认 | 说明 |", "| ---- | ---- | ---- | ---- | ---- |"];
  const lines = rows.map(({ name, schema: field, isRequired }) => {
    const place = options.places?.[name];
    const shown = `\`${name}\`${place === undefined ? "" : ` (${PLACES[place] ?? place})`}`;
    const note = noteOf(name, field, translator);
    if (options.answer === true) return line([shown, typeOf(field), note + (isRequired ? "" : " (可能没有)")]);
    const preset = field.default === undefined ? "" : `\`${JSON.stringify(field.default)}\``;
    return line([shown, typeOf(field), String(isRequired), preset, note]);
  });
  return [...head, ...lines].join("\n");
}

/** The answers of an operation: each HTTP status with its codes. */
export function responseTable(responses: Operation["responses"], translator: Translator): string {
  const lines = Object.entries(responses).flatMap(([status, { description, content }]) => {
    const codes = codesIn(description);
    // What is no envelope has no code.
    const isEnvelope = content?.["application/json"]?.schema !== undefined;
    if (codes.length === 0) return [line([status, isEnvelope ? "0" : "", translator.text(description)])];
    return codes.map(({ code, name, when }) => line([status, `${code} ${name}`, translator.text(when)]));
  });
  return ["| HTTP | 状态码 | 描述 |", "| ---- | ---- | ---- |", ...lines].join("\n");
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function rowsOf(schema: Schema, prefix: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = prefix + key;
    const own: Row = { name, schema: field, isRequired: schema.required?.includes(key) ?? false };
    const inner = waysOf(field).flatMap((way) => {
      const items = way.type === "array" ? way.items : undefined;
      return items === undefined ? rowsOf(way, `${name}.`) : rowsOf(items, `${name}[].`);
    });
    return [own, ...inner];
  });
}

function noteOf(name: string, field: Schema, translator: Translator): string {
  const key = name.split(".").at(-1) ?? name;
  const parts = [translator.field(key.replace("[]", "")), translator.text(field.description), limitsOf(field)];
  return parts.filter((part) => part !== "").join("; ");
}

/** The bounds of every safe integer, which zod adds to each, say nothing. */
function rangeOf({ minimum, maximum }: Schema): string {
  const least = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (least !== undefined && most !== undefined) return `${least} 至 ${most}`;
  if (least !== undefined) return `不小于 ${least}`;
  return most === undefined ? "" : `不大于 ${most}`;
}

function limitsOf(field: Schema): string {
  const words = waysOf(field).flatMap((way) => [
    rangeOf(way),
    way.maxLength === undefined ? "" : `最多 ${way.maxLength} 个字符`,
    way.maxItems === undefined ? "" : `最多 ${way.maxItems} 项`,
  ]);
  return [...new Set(words.filter((word) => word !== ""))].join(", ");
}

function typeOf(schema: Schema): string {
  return [...new Set(waysOf(schema).map(wayOf))].join(" | ");
}

function wayOf(way: Schema): string {
  if (way.$ref !== undefined) return refName(way.$ref);
  if (way.enum !== undefined) return way.enum.map((value) => `\`${JSON.stringify(value)}\``).join(" | ");
  if (way.const !== undefined) return `\`${JSON.stringify(way.const)}\``;
  if (way.anyOf !== undefined) return typeOf(way);
  if (way.type === "array") return `array [${typeOf(way.items ?? {})}]`;
  if (Array.isArray(way.type)) return way.type.map((type) => wayOf({ ...way, type })).join(" | ");
  return way.type === "integer" ? "int" : (way.type ?? "任意");
}
