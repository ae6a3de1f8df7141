/**
 * What every event does in every state of a job (the states are the samples of lifecycle-samples.ts). Under each event (or several that come to the same):
 * `outcome: state state …`, where the outcome is `>` the state that it moves to, `!` the code that it is refused with, or
 * the reason for which it is ignored. A state's name is its run's, then what is being taken back and why (`?`: still to be
 * told to the cluster), then how far a deletion is.
 */
export const TABLE = `
create
  >due: none
  !exists: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  !exists: succeeded failed refused cancelled lost skipped deleted leaving repaired unstarted tooLate
delete
  !unknown: none
  !submitted: due booked unplaced overdue sent takenBack
  >created-delete?/asked: created unstarted
  >running-delete?/asked: running notDeleted
  >succeeded-finished?/done: ending succeeded
  already_known: asked removing stopping deleted leaving repaired
  >failed-finished?/done: failed
  >failed/done: refused
  >cancelled/done: cancelled
  >lost/done: lost
  >skipped/done: skipped
  >created-delete/asked: tooLate
late
  no_job: none
  nothing_due: due booked sent
  other_cluster: unplaced
  >skipped: overdue
  already_known: created running ending notDeleted unstarted
  being_removed: takenBack asked removing stopping tooLate
  run_is_over: succeeded failed refused cancelled lost skipped deleted leaving repaired
poke index_written
  no_job: none
  >due: due booked unplaced overdue
  >sent: sent
  >created: created unstarted
  >running: running
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
  >cancelled-repair?/done: repaired
  >created-not_started: tooLate
tick
  no_job: none
  nothing_due: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  nothing_due: succeeded failed refused cancelled lost skipped deleted leaving repaired unstarted tooLate
fact:created
  no_job: none
  >created: due booked overdue sent
  other_cluster: unplaced
  already_known: created running ending stopping notDeleted unstarted tooLate
  >created-deadline?: takenBack
  >created-delete?/asked: asked
  >created-delete/asked: removing
  run_is_over: succeeded failed lost leaving repaired
  >failed-repair?: refused
  >cancelled-repair?: cancelled
  >skipped-repair?: skipped
  >cancelled-repair?/done: deleted
fact:create_refused
  no_job: none
  >failed: due booked overdue sent
  other_cluster: unplaced
  already_known: created running ending stopping notDeleted unstarted tooLate
  being_removed: takenBack asked removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:expired
  no_job: none
  >skipped: due booked overdue sent
  other_cluster: unplaced
  already_known: created running ending stopping notDeleted unstarted tooLate
  being_removed: takenBack asked removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:dropped fact:waiting
  no_job: none
  kept_by_cluster: due booked overdue sent created running ending takenBack asked removing stopping notDeleted
  kept_by_cluster: succeeded failed refused cancelled lost skipped leaving repaired unstarted tooLate
  other_cluster: unplaced
  deleted: deleted
fact:started
  no_job: none
  >running: due booked overdue sent created unstarted
  other_cluster: unplaced
  already_known: running ending stopping notDeleted
  >running-deadline?: takenBack
  >running-delete?/asked: asked
  >running-delete/asked: removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
  >running-not_started: tooLate
fact:ended
  no_job: none
  >succeeded: due booked overdue sent created running unstarted
  other_cluster: unplaced
  already_known: ending
  >succeeded-finished?: takenBack
  >succeeded-finished?/done: asked
  >succeeded-finished/done: removing stopping
  >succeeded/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
  >succeeded-finished: tooLate
fact:log
  no_job: none
  >due: due booked overdue
  other_cluster: unplaced
  >sent: sent
  >created: created unstarted
  >running: running
  >succeeded: ending succeeded
  >due-deadline?: takenBack
  >due-delete?/asked: asked
  >sent-delete/asked: removing
  >running-delete/asked: stopping
  >running/refused: notDeleted
  >failed: failed refused
  >cancelled: cancelled
  >lost: lost
  >skipped: skipped
  deleted: deleted
  >succeeded-finished/done: leaving
  >cancelled-repair?/done: repaired
  >created-not_started: tooLate
fact:lost
  no_job: none
  >lost: due booked overdue sent created running unstarted
  other_cluster: unplaced
  >succeeded: ending
  being_removed: takenBack asked removing stopping tooLate
  >lost/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:removed
  no_job: none
  not_open: due booked overdue sent created running ending notDeleted succeeded failed refused cancelled lost skipped
  not_open: unstarted
  other_cluster: unplaced
  >cancelled: takenBack
  >cancelled/done: asked removing stopping
  deleted: deleted
  >succeeded/done: leaving
  older_decision: repaired
  >failed: tooLate
fact:remove_failed
  no_job: none
  not_open: due booked overdue sent created running ending notDeleted succeeded failed refused cancelled lost skipped
  not_open: unstarted
  other_cluster: unplaced
  >due: takenBack
  >due/refused: asked
  >sent/refused: removing
  >running/refused: stopping
  deleted: deleted
  >succeeded/done: leaving
  older_decision: repaired
  >created: tooLate
chosen choose_failed chosen:none
  no_job: none
  not_open: due booked overdue sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired unstarted tooLate
  >due: unplaced
booked booked:stale
  no_job: none
  >due: due
  already_known: booked overdue
  not_open: unplaced
  older_decision: sent created running ending takenBack asked removing stopping notDeleted succeeded failed refused
  older_decision: cancelled lost skipped deleted leaving repaired unstarted tooLate
book_failed
  no_job: none
  >due: due
  older_decision: booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  older_decision: succeeded failed refused cancelled lost skipped deleted leaving repaired unstarted tooLate
looked
  no_job: none
  not_open: due booked unplaced sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired tooLate
  >due-deadline?: overdue
  >created-not_started?: unstarted
look_failed
  no_job: none
  not_open: due booked unplaced sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired tooLate
  >due: overdue
  >created: unstarted
cancel_answered
  no_job: none
  not_open: due booked unplaced overdue sent created running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped deleted unstarted
  >sent-deadline: takenBack
  >sent-delete/asked: asked removing
  >running-delete/asked: stopping
  >succeeded-finished/done: leaving
  older_decision: repaired
  >created-not_started: tooLate
cancel_failed
  no_job: none
  not_open: due booked unplaced overdue sent created running ending removing stopping notDeleted succeeded failed
  not_open: refused cancelled lost skipped deleted leaving repaired unstarted tooLate
  >due-deadline?: takenBack
  >due-delete?/asked: asked
index_failed
  no_job: none
  already_known: due booked asked removing
  >due: unplaced overdue
  >sent: sent
  >created: created unstarted
  >running: running
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
  >cancelled-repair?/done: repaired
  >created-not_started: tooLate
name_released release_failed
  no_job: none
  not_open: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  not_open: succeeded failed refused cancelled lost skipped unstarted tooLate
  >cancelled/done: deleted
  >succeeded-finished/done: leaving
  >cancelled-repair?/done: repaired
purge_failed
  no_job: none
  not_open: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  not_open: unstarted tooLate
  >succeeded: succeeded
  >failed: failed refused
  >cancelled: cancelled
  >lost: lost
  >skipped: skipped
  >cancelled/done: deleted
  >succeeded-finished/done: leaving
  >cancelled-repair?/done: repaired
create:old_claim
  !claim_too_old: none
  !exists: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  !exists: succeeded failed refused cancelled lost skipped deleted leaving repaired unstarted tooLate
delete:force
  !unknown: none
  >due-delete?/asked: due booked overdue takenBack
  >cancelled/done: unplaced cancelled
  >sent-delete?/asked: sent
  >created-delete?/asked: created unstarted
  >running-delete?/asked: running notDeleted
  >succeeded-finished?/done: ending succeeded
  already_known: asked removing stopping deleted leaving repaired
  >failed-finished?/done: failed
  >failed/done: refused
  >lost/done: lost
  >skipped/done: skipped
  >created-delete/asked: tooLate
late:elsewhere fact:ended:elsewhere
  no_job: none
  other_cluster: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  other_cluster: succeeded failed refused cancelled lost skipped deleted leaving repaired unstarted tooLate
fact:ended:failed
  no_job: none
  >failed: due booked overdue sent created running unstarted
  other_cluster: unplaced
  already_known: ending
  >failed-finished?: takenBack
  >failed-finished?/done: asked
  being_removed: removing stopping tooLate
  >failed/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:ended:log
  no_job: none
  >ending: due booked overdue sent created running unstarted
  other_cluster: unplaced
  already_known: ending
  >succeeded-finished?: takenBack
  >succeeded-finished?/done: asked
  >succeeded-finished/done: removing stopping
  >ending/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
  >succeeded-finished: tooLate
fact:removed:older
  no_job: none
  not_open: due booked overdue sent created running ending notDeleted succeeded failed refused cancelled lost skipped
  not_open: unstarted
  other_cluster: unplaced
  older_decision: takenBack asked removing stopping leaving repaired tooLate
  deleted: deleted
fact:created:unknown_run
  no_job: none
  unknown_run: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  unknown_run: succeeded failed refused cancelled lost skipped deleted leaving repaired unstarted tooLate
fact:created:another_job
  no_job: none
  >created: due booked overdue sent
  other_cluster: unplaced
  already_known: created running ending stopping notDeleted unstarted tooLate
  >created-deadline?: takenBack
  >created-delete?/asked: asked
  >created-delete/asked: removing
  >succeeded-repair?: succeeded
  >failed-repair?: failed refused
  >cancelled-repair?: cancelled
  >lost-repair?: lost
  >skipped-repair?: skipped
  >cancelled-repair?/done: deleted
  run_is_over: leaving repaired
booked:taken
  no_job: none
  >sent: due booked overdue
  not_open: unplaced
  older_decision: sent created running ending takenBack asked removing stopping notDeleted succeeded failed refused
  older_decision: cancelled lost skipped deleted leaving repaired unstarted tooLate
looked:sent
  no_job: none
  not_open: due booked unplaced sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired tooLate
  >due: overdue
  >created-not_started?: unstarted
looked:away
  no_job: none
  not_open: due booked unplaced sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired tooLate
  >due-deadline?: overdue
  >created: unstarted
cancel_answered:unbooked
  no_job: none
  not_open: due booked unplaced overdue sent created running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped deleted unstarted
  >skipped: takenBack
  >cancelled/done: asked removing stopping
  >succeeded/done: leaving
  older_decision: repaired
  >failed: tooLate
cancel_answered:stale
  no_job: none
  not_open: due booked unplaced overdue sent created running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped deleted unstarted
  >due-deadline?: takenBack
  >due-delete?/asked: asked
  >sent-delete?/asked: removing
  >running-delete?/asked: stopping
  >succeeded-finished?/done: leaving
  older_decision: repaired
  >created-not_started?: tooLate
`;
