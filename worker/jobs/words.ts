import { z } from "zod";

const WordList = z.array(z.string());

/**
 * Splits `command` or `args` (contract, part 2): at commas, or a JSON array of strings where the value starts with `[`, so
 * that a comma can be part of a word. Words are kept exactly, blanks included. A problem is the end of a sentence.
 */
export function parseWords(text: string): { words: string[] } | { problem: string } {
  if (!text.startsWith("[")) return { words: text.split(",") };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: "starts with '[' and must then be a JSON array of strings" };
  }
  const parsed = WordList.safeParse(value);
  return parsed.success ? { words: parsed.data } : { problem: "starts with '[' and must then hold strings only" };
}
