/** What may come of a run, as its callback's receiver sees it: how it ended, or that it is late. */
const CALLBACK_KINDS = ["success", "failure", "cancelled", "skipped", "late"] as const;
export type CallbackKind = (typeof CALLBACK_KINDS)[number];

/** Where `callback_on` is absent (contract, part 5). */
export const DEFAULT_CALLBACK_ON = "success,failure";

function wordsOf(text: string): string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** What is wrong with a `callback_on`, as the end of a sentence, or null. */
export function callbackOnProblem(text: string): string | null {
  const words = wordsOf(text);
  const known: readonly string[] = CALLBACK_KINDS;
  const wrong = words.find((word) => !known.includes(word));
  if (wrong !== undefined) return `has ${JSON.stringify(wrong)}, which is none of ${CALLBACK_KINDS.join(", ")}`;
  return words.length === 0 ? `must name at least one of ${CALLBACK_KINDS.join(", ")}` : null;
}

/** Whether a definition's `callback_on` has that kind; undefined: the default, as jobs have that are older than the key. */
export function isCalledOn(callbackOn: string | undefined, kind: CallbackKind): boolean {
  return wordsOf(callbackOn ?? DEFAULT_CALLBACK_ON).includes(kind);
}
