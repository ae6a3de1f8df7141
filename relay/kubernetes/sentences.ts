const MAX_WORDS = 300;

/** Somebody else's words for a sentence of ours: one line, cut where they are long. */
export function cutWords(words: string): string {
  const line = words.trim().replace(/\s+/g, " ");
  return line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS)}…` : line;
}
