import { nextAlarmAt } from "../jobs/lifecycle-alarm.ts";
import type { BodyChange } from "../jobs/lifecycle-events.ts";
import { inPresentFormat, type JobOfFormat1 } from "../jobs/lifecycle-formats.ts";
import type { Job } from "../jobs/lifecycle-state.ts";
import { FinishedRuns } from "./job-object-runs.ts";

const JOB_KEY = "job";

/** Chunks sort in the order in which they were written, so that a log's keys are one range. */
function chunkKey(logId: number, chunk: number): string {
  return `log:${logId}:${String(chunk).padStart(6, "0")}`;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.byteLength + second.byteLength);
  whole.set(first);
  whole.set(second, first.byteLength);
  return whole;
}

/**
 * The job in the object's storage: one packed value, a key for each finished run, the log bodies, and the one alarm. What is
 * held in memory may be ahead of what is stored only by what can be learnt again.
 */
export class JobStore {
  readonly #storage: DurableObjectStorage;
  /** The finished runs, to be read where somebody asks for them. */
  readonly finished: FinishedRuns;
  /** undefined: not read yet. */
  #job: Job | null | undefined;
  /** The alarm as it is set; undefined: not known, which is so until the first commit of this instance. */
  #alarmAt: number | null | undefined;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.finished = new FinishedRuns(storage.kv);
    this.#alarmAt = undefined;
  }

  /**
   * The job as it is now, packed; null: it was never created here, or was purged. Throws DecodeError where it can't be read: each
   * time, and not when the object starts, so that an alarm is set again and a later version finds the job.
   */
  get job(): Job | null {
    if (this.#job === undefined) this.#job = this.#read();
    return this.#job;
  }

  #read(): Job | null {
    const stored = this.#storage.kv.get<Job | JobOfFormat1>(JOB_KEY);
    return stored === undefined ? null : inPresentFormat(stored);
  }

  /**
   * Makes the job what it is after a turn of events: state, finished runs, bodies and alarm go down in one synchronous turn, so
   * that they are stored together or not at all. Not durable: memory and the alarm alone move on, which costs no written row.
   */
  commit(job: Job, bodies: readonly BodyChange[], durable: boolean, now: number): void {
    for (const change of bodies) this.#changeBody(change);
    const { packed, dropped, written } = this.finished.keep(job);
    for (const change of dropped) this.#changeBody(change);
    if (durable || written) this.#storage.kv.put(JOB_KEY, packed);
    this.#job = packed;
    this.#arm(nextAlarmAt(packed, now));
  }

  /** The alarm that rang is no longer set. */
  alarmRang(): void {
    this.#alarmAt = null;
  }

  /** Rings again at that moment (epoch ms), whatever the state says: for when the state could not be advanced. */
  armAt(at: number): void {
    this.#alarmAt = at;
    void this.#storage.setAlarm(at);
  }

  /** One chunk of a log's body; null: it is not there (any more). */
  readChunk(logId: number, chunk: number): Uint8Array | null {
    return this.#storage.kv.get<Uint8Array>(chunkKey(logId, chunk)) ?? null;
  }

  /** Forgets everything, the alarm too: an object that is left over would be stored, and billed, for ever. */
  async forget(): Promise<void> {
    this.#job = null;
    this.#alarmAt = undefined;
    await this.#storage.deleteAll();
  }

  #arm(at: number | null): void {
    if (at === this.#alarmAt) return;
    this.#alarmAt = at;
    // Both calls take effect in this turn; their promises only tell when it is on disk, which the output gate waits for.
    if (at === null) void this.#storage.deleteAlarm();
    else void this.#storage.setAlarm(at);
  }

  #changeBody(change: BodyChange): void {
    switch (change.op) {
      case "append": {
        const key = chunkKey(change.logId, change.chunk);
        const before = change.fresh ? undefined : this.#storage.kv.get<Uint8Array>(key);
        this.#storage.kv.put(key, before ? concat(before, change.bytes) : change.bytes);
        return;
      }
      case "drop":
        for (let chunk = 0; chunk < change.chunks; chunk += 1) this.#storage.kv.delete(chunkKey(change.logId, chunk));
        return;
    }
  }
}
