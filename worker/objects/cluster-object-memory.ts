import { linked, NEVER_LINKED, type Presence, unlinked } from "../clusters/open-runs-late.ts";
import { stillFencing } from "../clusters/open-runs-lease.ts";

/** What the object keeps beside its rows, as one packed value: one written row per change. */
type Kept = {
  installation: string;
  /** UID of the Kubernetes cluster that this id stands for; null: no relay has joined yet. */
  pinned: string | null;
  presence: Presence;
  /** Processes that were linked: after a restart, those without a socket are lost. */
  linked: string[];
  /** Until when each lost process may still create, epoch ms. */
  lost: Record<string, number>;
};

const KEY = "cluster";
const NOTHING_KEPT: Kept = { installation: "", pinned: null, presence: NEVER_LINKED, linked: [], lost: {} };

/** The cluster's small state: identity, presence, and who was lost when. */
export class ClusterMemory {
  readonly #kv: SyncKvStorage;
  #kept: Kept;

  constructor(kv: SyncKvStorage) {
    this.#kv = kv;
    this.#kept = kv.get<Kept>(KEY) ?? NOTHING_KEPT;
  }

  get kept(): Readonly<Kept> {
    return this.#kept;
  }

  #keep(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    this.#kv.put(KEY, this.#kept);
  }

  /** The installation's id comes with each link, since only D1 knows it. */
  setInstallation(installation: string): void {
    if (this.#kept.installation !== installation) this.#keep({ installation });
  }

  /** A relay process joined. */
  join(process: string, pinned: string, now: number): void {
    this.#keep({
      pinned,
      presence: linked(this.#kept.presence, now),
      linked: [...this.#kept.linked.filter((known) => known !== process), process],
      lost: stillFencing(this.#kept.lost, now),
    });
  }

  /** A process's link ended; it may create until that moment. `others`: processes that stay linked. */
  lose(process: string, mayCreateUntil: number, others: readonly string[], now: number): void {
    const { presence, lost } = this.#kept;
    const until = Math.max(mayCreateUntil, lost[process] ?? 0);
    this.#keep({
      presence: others.length === 0 ? unlinked(presence, now, now) : presence,
      linked: [...others],
      lost: stillFencing({ ...lost, [process]: until }, now),
    });
  }

  /** The process says that it creates nothing more: its own word ends its fence. */
  leave(process: string, others: readonly string[], now: number): void {
    const { [process]: _, ...lost } = this.#kept.lost;
    const presence = others.length === 0 ? unlinked(this.#kept.presence, now, now) : this.#kept.presence;
    this.#keep({ presence, linked: [...others], lost: stillFencing(lost, now) });
  }

  /**
   * After a start of the object: processes that were linked and have no socket were lost at an unknown moment, at the
   * latest now.
   */
  loseAllBut(present: readonly string[], mayCreateUntil: number, now: number): void {
    const gone = this.#kept.linked.filter((process) => !present.includes(process));
    if (gone.length === 0) return;
    const lost = { ...this.#kept.lost, ...Object.fromEntries(gone.map((process) => [process, mayCreateUntil])) };
    const presence = present.length === 0 ? unlinked(this.#kept.presence, 0, now) : this.#kept.presence;
    this.#keep({ presence, linked: [...present], lost: stillFencing(lost, now) });
  }
}
