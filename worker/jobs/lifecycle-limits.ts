/** Facts that lay with a relay while it was away have come this long after its link. */
export const FACTS_MS = 5_000;
/** A claim on a name is good for this long; an object refuses an older one (design, "Creating"). */
export const CLAIM_MS = 30_000;
/** An attempt that has not come back after this long is made again. */
export const ATTEMPT_MS = 10_000;
/** A run's number where its Kubernetes name carries it: what is checked at create leaves room for four digits. */
export const MAX_RERUN_NUMBER = 9_999;
/** How often in a row a lost run is run again (contract, part 5). */
export const LOST_RERUNS = 3;
/** Finished runs that are kept, and how many of them one turn looks at (design, "Cost is a feature" and "Bounded"). */
export const FINISHED_RUNS = 1_000;
/** Finished runs whose Jobs a deletion removes at a time. */
export const CLEARED_AT_ONCE = 10;
/** A slot is missed when its cluster, or the control plane, was away for this long from its time on (contract, part 5). */
export const MISSED_AFTER_MS = 5_000;
/** Slots that one turn settles (design, "Bounded"). */
export const SLOTS_PER_TURN = 1_000;
/** The sweep looks at a cron job whose row was not written for so long after its next slot. */
export const SLOT_OVERDUE_MS = 60_000;
/** While slots are only counted: how many of them, and how much time at most, between two looks. */
export const SLOTS_PER_LOOK = 500;
export const SLOT_LOOK_MAX_MS = 3_600_000;
/** Runs of a job that are open, and slots of it that wait for their turn (contract, part 5). */
export const OPEN_RUNS = 500;
export const WAITING_SLOTS = 100;
/** All definitions that a job and its open runs have, as JSON: they lie in the packed value, which may have 2 MB. */
export const DEFINITION_BYTES = 300_000;
/** A record may still grow while no more runs than these are newer: as many as can wait, and some. */
export const GROWING_RECORDS = 250;
/** A run whose Job is not created this long after its time is late (contract, part 5). */
export const LATE_MS = 60_000;
/** Callbacks: the pause before the first retry, the longest one, and how long one is retried (contract, part 4). */
export const CALL_PAUSE_FIRST_MS = 5_000;
export const CALL_PAUSE_MAX_MS = 3_600_000;
export const CALL_FOR_MS = 24 * 3_600_000;
/**
 * Attempts that are shown of one callback, callbacks that are kept once settled, and those that may be waiting. All lie in the
 * job's packed value, which may have 2 MB.
 */
export const CALL_ATTEMPTS = 40;
export const SETTLED_CALLBACKS = 20;
export const CALLBACKS_WAITING = 100;
/** A job that is over is kept this long. */
export const RETENTION_MS = 30 * 24 * 3_600_000;
/** How long a run's end waits for the next byte of its logs. */
export const LOG_WAIT_MS = 10_000;
/** A stored chunk of a log's body is at most this large. */
export const CHUNK_BYTES = 1024 * 1024;
/** One log; a relay cuts it at `log_limit_bytes`, at most 64 MiB, plus the line that says so. */
export const LOG_BYTES = 65 * 1024 * 1024;
/** All log bodies of a job together (design, "Logs"). */
export const JOB_LOG_BYTES = 1024 * 1024 * 1024;
/** Of logs whose retention is over a turn drops so much, and the log that passes it. */
export const EXPIRED_BYTES = 64 * 1024 * 1024;
/** Logs of one run whose pieces are taken. */
export const RUN_LOGS = 1_000;
