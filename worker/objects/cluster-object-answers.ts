import { type ItemText, itemText } from "../clusters/frames.ts";
import type { FactAnswer } from "../jobs/calls.ts";
import type { Links } from "./cluster-object-links.ts";

/** Answers to facts are gathered this long, so that many go into one frame. */
const GATHER_MS = 10;
/** Ids in one `ok` or `gone`. */
const IDS_PER_ITEM = 5_000;

type Gathered = { ok: number[]; gone: number[]; refused: { id: number; reason: string }[] };

/**
 * Gathers the answers to facts and sends them to the process that reported them, on whatever link it has then. A process
 * without a link gets none: it reports what is unconfirmed again.
 */
export class Answers {
  readonly #links: Links;
  readonly #gathered = new Map<string, Gathered>();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(links: Links) {
    this.#links = links;
  }

  add(process: string, id: number, answer: FactAnswer): void {
    const gathered = this.#gathered.get(process) ?? { ok: [], gone: [], refused: [] };
    this.#gathered.set(process, gathered);
    if (answer.answer === "refused") gathered.refused.push({ id, reason: answer.reason });
    else gathered[answer.answer].push(id);
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  #flush(): void {
    this.#timer = null;
    const links = this.#links.all();
    for (const [process, gathered] of this.#gathered) {
      const link = links.find((candidate) => candidate.process === process);
      if (link) this.#links.send(link.ws, answerTexts(gathered));
    }
    this.#gathered.clear();
  }
}

function answerTexts({ ok, gone, refused }: Gathered): ItemText[] {
  return [
    ...slices(ok).map((ids) => itemText({ type: "ok", ids })),
    ...slices(gone).map((ids) => itemText({ type: "gone", ids })),
    ...refused.map(({ id, reason }) => itemText({ type: "refused", id, reason })),
  ];
}

function slices(ids: readonly number[]): number[][] {
  const count = Math.ceil(ids.length / IDS_PER_ITEM);
  return Array.from({ length: count }, (_, index) => ids.slice(index * IDS_PER_ITEM, (index + 1) * IDS_PER_ITEM));
}
