/** A create that waits for quota. */
export type Waiter = { create: { namespace: string } };

/**
 * Creates that an exhausted quota holds back stand in line, namespace by namespace, in the order in which they came, which is
 * that of their due times: the first alone keeps asking, so that room goes to the one that has waited longest and a long line
 * costs the API server no more than a short one.
 */
export class QuotaLine<Who extends Waiter> {
  readonly #lines = new Map<string, { who: Who[]; words: string }>();

  /** What the quota said last in that namespace; null: nobody waits there. */
  wordsOf(namespace: string): string | null {
    return this.#lines.get(namespace)?.words ?? null;
  }

  /** Whether somebody else in its namespace is to be asked for before it. */
  isBehind(who: Who): boolean {
    const line = this.#lines.get(who.create.namespace);
    return line !== undefined && line.who[0] !== who;
  }

  /** At the end of its namespace's line, unless it stands there already; `words`: what the quota says now. */
  join(who: Who, words: string): void {
    const line = this.#lines.get(who.create.namespace) ?? { who: [], words };
    line.words = words;
    if (!line.who.includes(who)) line.who.push(who);
    this.#lines.set(who.create.namespace, line);
  }

  /** Out of the line, wherever it stood: it was created, or it waits for something else, or no more. */
  leave(who: Who): void {
    const line = this.#lines.get(who.create.namespace);
    if (!line) return;
    line.who = line.who.filter((other) => other !== who);
    if (line.who.length === 0) this.#lines.delete(who.create.namespace);
  }
}
