import type { RunKey } from "../../protocol/words.ts";
import { DueOrder } from "../clusters/due-order.ts";
import { keyOf, OPEN_RUN_STATES, type OpenRun, type OpenRunState } from "../clusters/open-run.ts";

/**
 * One table, no index: an index would cost each run a written row, while the heads of the open runs fit in memory. The
 * manifest comes last, so that loading the heads does not touch its overflow pages.
 */
const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS open_runs (
  job_id TEXT NOT NULL, run INTEGER NOT NULL, n INTEGER NOT NULL, state TEXT NOT NULL,
  due_at INTEGER NOT NULL, start_deadline_at INTEGER, namespace TEXT NOT NULL, name TEXT NOT NULL,
  fired_at INTEGER, sent_at INTEGER, sent_to TEXT, sent_on INTEGER, sent_before TEXT, uid TEXT,
  cancelled INTEGER NOT NULL, existed INTEGER NOT NULL, waiting TEXT, again_at INTEGER, late_asked_at INTEGER,
  forget_at INTEGER, manifest TEXT NOT NULL, PRIMARY KEY (job_id, run)) WITHOUT ROWID`;

const HEAD = `job_id, run, n, state, due_at, start_deadline_at, namespace, name, fired_at, sent_at, sent_to, sent_on,
  sent_before, uid, cancelled, existed, waiting, again_at, late_asked_at, forget_at`;

type SqlHead = {
  job_id: string;
  run: number;
  n: number;
  state: string;
  due_at: number;
  start_deadline_at: number | null;
  namespace: string;
  name: string;
  fired_at: number | null;
  sent_at: number | null;
  sent_to: string | null;
  sent_on: number | null;
  /** A JSON list; null: empty. */
  sent_before: string | null;
  uid: string | null;
  cancelled: number;
  existed: number;
  waiting: string | null;
  again_at: number | null;
  late_asked_at: number | null;
  forget_at: number | null;
};

/** As much of the object's storage as its rows need. */
type RowStorage = Pick<DurableObjectStorage, "sql" | "transactionSync">;

function stateOf(text: string): OpenRunState {
  const state = OPEN_RUN_STATES.find((known) => known === text);
  if (state === undefined) throw new Error(`open_runs holds the unknown state ${text}`);
  return state;
}

function fromSql(head: SqlHead): OpenRun {
  return {
    jobId: head.job_id,
    run: head.run,
    n: head.n,
    state: stateOf(head.state),
    dueAt: head.due_at,
    startDeadlineAt: head.start_deadline_at,
    namespace: head.namespace,
    name: head.name,
    firedAt: head.fired_at,
    sentAt: head.sent_at,
    sentTo: head.sent_to,
    sentOn: head.sent_on,
    sentBefore: head.sent_before === null ? [] : JSON.parse(head.sent_before),
    uid: head.uid,
    cancelled: head.cancelled === 1,
    existed: head.existed === 1,
    waiting: head.waiting === null ? null : JSON.parse(head.waiting),
    againAt: head.again_at,
    lateAskedAt: head.late_asked_at,
    forgetAt: head.forget_at,
  };
}

function toSql(row: OpenRun): (string | number | null)[] {
  return [
    row.jobId,
    row.run,
    row.n,
    row.state,
    row.dueAt,
    row.startDeadlineAt,
    row.namespace,
    row.name,
    row.firedAt,
    row.sentAt,
    row.sentTo,
    row.sentOn,
    row.sentBefore.length === 0 ? null : JSON.stringify(row.sentBefore),
    row.uid,
    row.cancelled ? 1 : 0,
    row.existed ? 1 : 0,
    row.waiting === null ? null : JSON.stringify(row.waiting),
    row.againAt,
    row.lateAskedAt,
    row.forgetAt,
  ];
}

/** A create can only be needed again before its Job was seen; after that the manifest's space is given back. */
function needsManifest(state: OpenRunState): boolean {
  return state === "booked" || state === "sent";
}

/** The open runs of a cluster: SQL rows, with their heads in memory, sorted by state. Every write is durable first. */
export class OpenRuns {
  readonly #storage: RowStorage;
  readonly #rows = new Map<string, OpenRun>();
  /** Final rows are in order of their end, since each comes in last. */
  readonly #byState: Record<OpenRunState, Map<string, OpenRun>> = {
    booked: new Map(),
    sent: new Map(),
    created: new Map(),
    removing: new Map(),
    final: new Map(),
  };
  readonly #dueOrder = new DueOrder();
  readonly #again = new Map<string, OpenRun>();
  #latestForgetAt: number | null = null;

  constructor(storage: RowStorage) {
    this.#storage = storage;
    storage.sql.exec(CREATE_TABLE);
    // Final rows in order of their end, booked ones in due order: each is then the last of its kind when it comes in.
    for (const head of storage.sql.exec<SqlHead>(`SELECT ${HEAD} FROM open_runs ORDER BY forget_at, due_at`)) {
      this.#remember(fromSql(head));
    }
  }

  #remember(row: OpenRun): void {
    const key = keyOf(row);
    const before = this.#rows.get(key);
    if (before) {
      this.#byState[before.state].delete(key);
      if (before.state === "booked") this.#dueOrder.remove(before);
    }
    this.#rows.set(key, row);
    this.#byState[row.state].set(key, row);
    if (row.state === "booked") this.#dueOrder.add(row);
    if (row.againAt === null) this.#again.delete(key);
    else this.#again.set(key, row);
    if (row.forgetAt !== null) this.#latestForgetAt = Math.max(row.forgetAt, this.#latestForgetAt ?? 0);
  }

  get(run: RunKey): OpenRun | null {
    return this.getByKey(keyOf(run));
  }

  getByKey(key: string): OpenRun | null {
    return this.#rows.get(key) ?? null;
  }

  inState(state: OpenRunState): Iterable<OpenRun> {
    return this.#byState[state].values();
  }

  /** The booked rows that become sendable after that moment (epoch ms), in order. */
  bookedAfter(moment: number): Iterable<OpenRun> {
    return this.#dueOrder.after(moment);
  }

  /** When the next booked row becomes sendable after that moment, epoch ms; null: none does. */
  nextDueAt(moment: number): number | null {
    return this.#dueOrder.nextAfter(moment);
  }

  /** Rows whose command is sent again by time. */
  again(): Iterable<OpenRun> {
    return this.#again.values();
  }

  /** How many runs are open: neither over nor forgotten. */
  openCount(): number {
    return this.#rows.size - this.#byState.final.size;
  }

  /** How many commands wait to be confirmed: creates that are due, sent or not, and removals. */
  commandCount(now: number): number {
    return this.#dueOrder.countUpTo(now) + this.#byState.sent.size + this.#byState.removing.size;
  }

  /** The latest moment at which a final row is forgotten, epoch ms; null: there is none. */
  latestForgetAt(): number | null {
    return this.#byState.final.size === 0 ? null : this.#latestForgetAt;
  }

  /** Writes a booked row with its manifest (JSON text): one written row. */
  insert(row: OpenRun, manifest: string): void {
    this.#replace(row, manifest);
    this.#remember(row);
  }

  #replace(row: OpenRun, manifest: string): void {
    const values = toSql(row);
    const marks = "?, ".repeat(values.length);
    const sql = `INSERT OR REPLACE INTO open_runs (${HEAD}, manifest) VALUES (${marks}?)`;
    this.#storage.sql.exec(sql, ...values, manifest);
  }

  /** Writes rows in one transaction, one written row each; what is not there yet is added without a manifest. */
  put(rows: readonly OpenRun[]): void {
    if (rows.length === 0) return;
    this.#storage.transactionSync(() => {
      for (const row of rows) {
        if (this.#rows.has(keyOf(row))) this.#update(row);
        else this.#replace(row, "");
      }
    });
    for (const row of rows) this.#remember(row);
  }

  #update(row: OpenRun): void {
    const [jobId, run, ...values] = toSql(row);
    this.#storage.sql.exec(
      `UPDATE open_runs SET (n, state, due_at, start_deadline_at, namespace, name, fired_at, sent_at, sent_to, sent_on,
         sent_before, uid, cancelled, existed, waiting, again_at, late_asked_at, forget_at, manifest)
       = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CASE WHEN ? THEN manifest ELSE '' END)
       WHERE job_id = ? AND run = ?`,
      ...values,
      needsManifest(row.state) ? 1 : 0,
      jobId,
      run,
    );
  }

  /** The manifest of a row that may still be sent, as JSON text. */
  manifest(row: OpenRun): string {
    const sql = "SELECT manifest FROM open_runs WHERE job_id = ? AND run = ?";
    return this.#storage.sql.exec<{ manifest: string }>(sql, row.jobId, row.run).one().manifest;
  }

  /** Deletes final rows whose time has come, at most `limit`; true: there are more. */
  forget(now: number, limit: number): boolean {
    const over: OpenRun[] = [];
    for (const row of this.#byState.final.values()) {
      if ((row.forgetAt ?? 0) > now) break;
      if (over.length === limit) break;
      over.push(row);
    }
    if (over.length === 0) return false;
    this.#storage.transactionSync(() => {
      for (const row of over) {
        this.#storage.sql.exec("DELETE FROM open_runs WHERE job_id = ? AND run = ?", row.jobId, row.run);
      }
    });
    for (const row of over) {
      this.#rows.delete(keyOf(row));
      this.#byState.final.delete(keyOf(row));
      this.#again.delete(keyOf(row));
    }
    return over.length === limit;
  }
}
