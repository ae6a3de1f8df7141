import { z } from "zod";

/** docs/api.zh.json: the Chinese of every text of the document, and what each field is called. */
export const Translations = z.strictObject({
  texts: z.record(z.string(), z.string()),
  fields: z.record(z.string(), z.string()),
});
export type Translations = z.infer<typeof Translations>;

/** Looks translations up, and knows what it did not find and what nobody asked for. */
export type Translator = {
  text(english: string | undefined): string;
  field(name: string): string;
  /** One line for each thing that is missing or left over; none: all is well. */
  problems(): string[];
};

/** A translator over these; what is missing is answered as it is, and told by `problems`. */
export function translatorOf({ texts, fields }: Translations): Translator {
  const missing = new Set<string>();
  const used = new Set<string>();
  function look(section: "texts" | "fields", known: Record<string, string>, key: string): string {
    const found = Object.hasOwn(known, key) ? known[key] : undefined;
    const entry = `${section}: ${JSON.stringify(key)}`;
    if (found === undefined || found === "") missing.add(entry);
    used.add(entry);
    return found ?? key;
  }
  return {
    text: (english) => (english === undefined || english === "" ? "" : look("texts", texts, english)),
    field: (name) => look("fields", fields, name),
    problems: () => {
      const known = [...keysOf("texts", texts), ...keysOf("fields", fields)];
      const leftOver = known.filter((entry) => !used.has(entry));
      return [
        ...[...missing].map((entry) => `docs/api.zh.json has no translation in ${entry}`),
        ...leftOver.map((entry) => `docs/api.zh.json translates what the document no longer says: ${entry}`),
      ];
    },
  };
}

function keysOf(section: string, known: Record<string, string>): string[] {
  return Object.keys(known).map((key) => `${section}: ${JSON.stringify(key)}`);
}
