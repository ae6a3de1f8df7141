import { FACT_TABLE } from "./lifecycle-table-facts.ts";

/**
 * What every event does in every state of a job (the states are the samples of lifecycle-samples.ts). Under each event, or
 * several that come to the same: `outcome: state state …`, where the outcome is `>` the state that it moves to, `!` the code
 * that it is refused with, or the reason for which it is ignored. A state's name is its current run's, then what is being taken
 * back and why (`?`: still to be told to the cluster), then other runs that are open or being taken back, then how far a
 * deletion is.
 */
export const TABLE = `
suspend trigger
  !unknown: none due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  !unknown: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  !unknown: notUpdated cancelling again repaired
create
  >due: none
  !exists: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing stopping
  !exists: notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated notUpdated
  !exists: cancelling again repaired
update update:claimed
  !unknown: none
  !submitted: due booked unplaced overdue sent takenBack updating updated again
  >due+created-update?: created unstarted
  >due+created-update: tooLate
  >due+running-update?: running notDeleted notUpdated
  >due+succeeded-finished?: ending succeeded
  !deleted: asked removing stopping deleted leaving repaired
  >due+failed-finished?: failed
  >due: refused cancelled lost skipped
  >due+running-update: cancelling
rerun
  !unknown: none
  !not_finished: due booked unplaced overdue sent created unstarted tooLate running ending takenBack notDeleted
  !not_finished: updating updated notUpdated cancelling again
  !deleted: asked removing stopping deleted leaving repaired
  >due: succeeded failed refused cancelled lost skipped
cancel
  !unknown: none
  >due-cancel?: due booked overdue takenBack
  >cancelled: unplaced
  >sent-cancel?: sent
  >created-cancel?: created unstarted
  >created-cancel: tooLate
  >running-cancel?: running notUpdated
  run_is_over: ending succeeded failed refused cancelled lost skipped deleted leaving updated again repaired
  >due-delete?/asked: asked
  >sent-delete/asked: removing
  >running-delete/asked: stopping
  >running-cancel?/refused: notDeleted
  >due+running-update: updating
  >running-cancel: cancelling
delete
  !unknown: none
  !submitted: due booked unplaced overdue sent takenBack updating updated again
  >created-delete?/asked: created unstarted
  >created-delete/asked: tooLate
  >running-delete?/asked: running notDeleted notUpdated
  >succeeded-finished?/done: ending succeeded
  already_known: asked removing stopping deleted leaving repaired
  >failed-finished?/done: failed
  >failed/done: refused
  >cancelled/done: cancelled
  >lost/done: lost
  >skipped/done: skipped
  >running-delete/asked: cancelling
late
  no_job: none
  nothing_due: due booked sent
  other_cluster: unplaced
  >skipped: overdue
  already_known: created unstarted running ending notDeleted notUpdated
  being_removed: tooLate takenBack asked removing stopping updating cancelling
  run_is_over: succeeded failed refused cancelled lost skipped deleted leaving updated again repaired
poke index_written
  no_job: none
  >due: due booked unplaced overdue again
  >sent: sent
  >created: created unstarted
  >created-not_started: tooLate
  >running: running notUpdated
  >ending: ending
  >due-deadline?: takenBack
  >due-delete?/asked: asked
  >sent-delete/asked: removing
  >running-delete/asked: stopping
  >running/refused: notDeleted
  >succeeded: succeeded
  >failed: failed refused
  >cancelled: cancelled
  >lost: lost
  >skipped: skipped
  >cancelled/done: deleted
  >succeeded-finished/done: leaving
  >due+running-update: updating
  >due+succeeded-finished: updated
  >running-cancel: cancelling
  >cancelled-repair?/done: repaired
tick
  no_job: none
  nothing_due: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  nothing_due: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  nothing_due: notUpdated cancelling again repaired
chosen choose_failed chosen:none
  no_job: none
  not_open: due booked overdue sent created unstarted tooLate running ending takenBack asked removing stopping
  not_open: notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated notUpdated
  not_open: cancelling again repaired
  >due: unplaced
booked booked:stale
  no_job: none
  >due: due
  already_known: booked overdue
  not_open: unplaced
  older_decision: sent created unstarted tooLate running ending takenBack asked removing stopping notDeleted succeeded
  older_decision: failed refused cancelled lost skipped deleted leaving updating updated notUpdated cancelling again
  older_decision: repaired
book_failed
  no_job: none
  >due: due
  older_decision: booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  older_decision: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  older_decision: notUpdated cancelling again repaired
looked
  no_job: none
  not_open: due booked unplaced sent created tooLate running ending takenBack asked removing stopping notDeleted
  not_open: succeeded failed refused cancelled lost skipped deleted leaving updating updated notUpdated cancelling
  not_open: again repaired
  >due-deadline?: overdue
  >created-not_started?: unstarted
look_failed
  no_job: none
  not_open: due booked unplaced sent created tooLate running ending takenBack asked removing stopping notDeleted
  not_open: succeeded failed refused cancelled lost skipped deleted leaving updating updated notUpdated cancelling
  not_open: again repaired
  >due: overdue
  >created: unstarted
cancel_answered
  no_job: none
  not_open: due booked unplaced overdue sent created unstarted running ending notDeleted succeeded failed refused
  not_open: cancelled lost skipped deleted notUpdated again
  >created-not_started: tooLate
  >sent-deadline: takenBack
  >sent-delete/asked: asked removing
  >running-delete/asked: stopping
  >succeeded-finished/done: leaving
  >due+running-update: updating
  >due+succeeded-finished: updated
  >running-cancel: cancelling
  older_decision: repaired
cancel_failed
  no_job: none
  not_open: due booked unplaced overdue sent created unstarted tooLate running ending removing stopping notDeleted
  not_open: succeeded failed refused cancelled lost skipped deleted leaving updating updated notUpdated cancelling
  not_open: again repaired
  >due-deadline?: takenBack
  >due-delete?/asked: asked
index_failed
  no_job: none
  already_known: due booked asked removing
  >due: unplaced overdue again
  >sent: sent
  >created: created unstarted
  >created-not_started: tooLate
  >running: running notUpdated
  >ending: ending
  >due-deadline?: takenBack
  >running-delete/asked: stopping
  >running/refused: notDeleted
  >succeeded: succeeded
  >failed: failed refused
  >cancelled: cancelled
  >lost: lost
  >skipped: skipped
  >cancelled/done: deleted
  >succeeded-finished/done: leaving
  >due+running-update: updating
  >due+succeeded-finished: updated
  >running-cancel: cancelling
  >cancelled-repair?/done: repaired
name_released release_failed
  no_job: none
  not_open: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  not_open: stopping notDeleted succeeded failed refused cancelled lost skipped updating updated notUpdated cancelling
  not_open: again
  >cancelled/done: deleted
  >succeeded-finished/done: leaving
  >cancelled-repair?/done: repaired
purge_failed
  no_job: none
  not_open: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  not_open: stopping notDeleted updating updated notUpdated cancelling again
  >succeeded: succeeded
  >failed: failed refused
  >cancelled: cancelled
  >lost: lost
  >skipped: skipped
  >cancelled/done: deleted
  >succeeded-finished/done: leaving
  >cancelled-repair?/done: repaired
recalled
  no_job: none
  not_open: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  not_open: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  not_open: notUpdated cancelling again repaired
called
  no_job: none
  not_open: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  not_open: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  not_open: notUpdated cancelling again repaired
redeliver
  !unknown: none
  !unknown_callback: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  !unknown_callback: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating
  !unknown_callback: updated notUpdated cancelling again repaired
create:old_claim
  !claim_too_old: none
  !exists: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing stopping
  !exists: notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated notUpdated
  !exists: cancelling again repaired
update:force
  !unknown: none
  >due+due-update?: due booked overdue takenBack
  >due: unplaced refused cancelled lost skipped
  >due+sent-update?: sent
  >due+created-update?: created unstarted
  >due+created-update: tooLate
  >due+running-update?: running notDeleted notUpdated
  >due+succeeded-finished?: ending succeeded
  !deleted: asked removing stopping deleted leaving repaired
  >due+failed-finished?: failed
  >due+running-update: updating cancelling
  >due+succeeded-finished: updated
  >due+succeeded-finished?+due-update?: again
update:name
  !unknown: none
  !submitted: due booked unplaced overdue sent takenBack updating updated again
  !claim_first: created unstarted tooLate running ending notDeleted succeeded failed refused cancelled lost skipped
  !claim_first: notUpdated cancelling
  !deleted: asked removing stopping deleted leaving repaired
update:old_claim
  !unknown: none
  !submitted: due booked unplaced overdue sent takenBack updating updated again
  !claim_too_old: created unstarted tooLate running ending notDeleted succeeded failed refused cancelled lost skipped
  !claim_too_old: notUpdated cancelling
  !deleted: asked removing stopping deleted leaving repaired
cancel:unknown_run
  !unknown: none
  !unknown_run: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  !unknown_run: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  !unknown_run: notUpdated cancelling again repaired
cancel:newest
  !unknown: none
  !unknown_run: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  !unknown_run: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving cancelling
  !unknown_run: repaired
  >cancelled+running-update: updating
  >cancelled+succeeded-finished: updated
  run_is_over: notUpdated
  >due-cancel?: again
delete:force
  !unknown: none
  >due-delete?/asked: due booked overdue takenBack
  >cancelled/done: unplaced cancelled
  >sent-delete?/asked: sent
  >created-delete?/asked: created unstarted
  >created-delete/asked: tooLate
  >running-delete?/asked: running notDeleted notUpdated
  >succeeded-finished?/done: ending succeeded
  already_known: asked removing stopping deleted leaving repaired
  >failed-finished?/done: failed
  >failed/done: refused
  >lost/done: lost
  >skipped/done: skipped
  >cancelled+running-delete/asked: updating
  >cancelled+succeeded-finished/done: updated
  >running-delete/asked: cancelling
  >due-delete?+succeeded-finished?/asked: again
late:elsewhere
  no_job: none
  other_cluster: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  other_cluster: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  other_cluster: notUpdated cancelling again repaired
booked:taken
  no_job: none
  >sent: due booked overdue
  not_open: unplaced
  older_decision: sent created unstarted tooLate running ending takenBack asked removing stopping notDeleted succeeded
  older_decision: failed refused cancelled lost skipped deleted leaving updating updated notUpdated cancelling again
  older_decision: repaired
looked:sent
  no_job: none
  not_open: due booked unplaced sent created tooLate running ending takenBack asked removing stopping notDeleted
  not_open: succeeded failed refused cancelled lost skipped deleted leaving updating updated notUpdated cancelling
  not_open: again repaired
  >due: overdue
  >created-not_started?: unstarted
looked:away
  no_job: none
  not_open: due booked unplaced sent created tooLate running ending takenBack asked removing stopping notDeleted
  not_open: succeeded failed refused cancelled lost skipped deleted leaving updating updated notUpdated cancelling
  not_open: again repaired
  >due-deadline?: overdue
  >created: unstarted
cancel_answered:unbooked
  no_job: none
  not_open: due booked unplaced overdue sent created unstarted running ending notDeleted succeeded failed refused
  not_open: cancelled lost skipped deleted notUpdated again
  >failed: tooLate
  >skipped: takenBack
  >cancelled/done: asked removing stopping
  >succeeded/done: leaving
  >due: updating updated
  >cancelled: cancelling
  older_decision: repaired
cancel_answered:stale
  no_job: none
  not_open: due booked unplaced overdue sent created unstarted running ending notDeleted succeeded failed refused
  not_open: cancelled lost skipped deleted notUpdated again
  >created-not_started?: tooLate
  >due-deadline?: takenBack
  >due-delete?/asked: asked
  >sent-delete?/asked: removing
  >running-delete?/asked: stopping
  >succeeded-finished?/done: leaving
  >due+running-update?: updating
  >due+succeeded-finished?: updated
  >running-cancel?: cancelling
  older_decision: repaired
${FACT_TABLE}`;
