import type { z } from "zod";
import { DownItem } from "./down.ts";
import { UpItem } from "./up.ts";
import { MAX_FRAME_BYTES } from "./words.ts";

/** An item of a frame that could not be taken: a type this side does not know, or a known type with a wrong shape. */
export type BadItem = { type: string; id: number | null; known: boolean; problem: string };

/** A frame taken apart: the good items in order, and what was wrong with the others. */
export type Decoded<Item> = { ok: true; items: Item[]; bad: BadItem[] } | { ok: false; problem: string };

type ItemUnion = typeof UpItem | typeof DownItem;

function typesOf(union: ItemUnion): Set<string> {
  return new Set(union.options.flatMap((option) => [...option.shape.type.values]));
}

const UP_TYPES = typesOf(UpItem);
const DOWN_TYPES = typesOf(DownItem);

function decode<Item>(text: string, union: z.ZodType<Item>, types: Set<string>): Decoded<Item> {
  if (text.length > MAX_FRAME_BYTES) {
    return { ok: false, problem: `a frame of ${text.length} characters is above the limit of ${MAX_FRAME_BYTES}` };
  }
  let frame: unknown;
  try {
    frame = JSON.parse(text);
  } catch {
    return { ok: false, problem: "a frame is not JSON" };
  }
  if (typeof frame !== "object" || frame === null || !("items" in frame) || !Array.isArray(frame.items)) {
    return { ok: false, problem: "a frame is an object with a list `items`" };
  }
  const items: Item[] = [];
  const bad: BadItem[] = [];
  for (const raw of frame.items as unknown[]) {
    const parsed = union.safeParse(raw);
    if (parsed.success) items.push(parsed.data);
    else bad.push(describeBadItem(raw, types, parsed.error));
  }
  return { ok: true, items, bad };
}

function describeBadItem(raw: unknown, types: Set<string>, error: z.ZodError): BadItem {
  const item = typeof raw === "object" && raw !== null ? raw : {};
  const type = "type" in item && typeof item.type === "string" ? item.type : "";
  const id = "id" in item && typeof item.id === "number" ? item.id : null;
  const issue = error.issues[0];
  const problem = issue ? `${issue.path.join(".") || "item"}: ${issue.message}` : "item does not fit";
  return { type, id, known: types.has(type), problem };
}

/** Takes a relay's frame apart. Never throws: what does not fit is in `problem` or `bad`. */
export function decodeUp(text: string): Decoded<UpItem> {
  return decode(text, UpItem, UP_TYPES);
}

/** Takes a control plane's frame apart. Never throws: what does not fit is in `problem` or `bad`. */
export function decodeDown(text: string): Decoded<DownItem> {
  return decode(text, DownItem, DOWN_TYPES);
}

/** Puts items into one frame; the caller keeps it below {@link MAX_FRAME_BYTES}. */
export function encodeFrame(items: readonly UpItem[] | readonly DownItem[]): string {
  return JSON.stringify({ items });
}
