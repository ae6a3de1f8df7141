/** Reads a set of completion indexes as Kubernetes writes it: `0-2,5`. */
export function parseIndexes(text: string): Set<number> {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    if (part === "") continue;
    const [first = Number.NaN, last = first] = part.split("-").map(Number);
    for (let index = first; index <= last; index++) found.add(index);
  }
  return found;
}

/** Writes a set of completion indexes, runs of three and more as a range. */
export function formatIndexes(indexes: Set<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    if (end - start >= 2) parts.push(`${sorted[start]}-${sorted[end]}`);
    else parts.push(...sorted.slice(start, end + 1).map(String));
    start = end + 1;
  }
  return parts.join(",");
}
