/**
 * What every event does in every state of a job (the states are the samples of lifecycle-samples.ts). Under each event:
 * `outcome: state state …`, where the outcome is `>` the state that it moves to, `!` the code that it is refused with, or
 * the reason for which it is ignored. A state's name is its run's, then what is being taken back and why (`?`: still to be
 * told to the cluster), then how far a deletion is.
 */
export const TABLE = `
create
  >due: none
  !exists: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  !exists: succeeded failed refused cancelled lost skipped deleted leaving repaired
delete
  !unknown: none
  !submitted: due booked unplaced overdue sent takenBack
  >created-delete?/asked: created
  >running-delete?/asked: running notDeleted
  >succeeded-finished?/done: ending succeeded
  already_known: asked removing stopping deleted leaving repaired
  >failed-finished?/done: failed
  >failed/done: refused
  >cancelled/done: cancelled
  >lost/done: lost
  >skipped/done: skipped
late
  no_job: none
  nothing_due: due booked sent
  other_cluster: unplaced
  >skipped: overdue
  already_known: created running ending notDeleted
  being_removed: takenBack asked removing stopping
  run_is_over: succeeded failed refused cancelled lost skipped deleted leaving repaired
poke
  no_job: none
  >due: due booked unplaced overdue
  >sent: sent
  >created: created
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
tick
  no_job: none
  nothing_due: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  nothing_due: succeeded failed refused cancelled lost skipped deleted leaving repaired
fact:created
  no_job: none
  >created: due booked overdue sent
  other_cluster: unplaced
  already_known: created running ending stopping notDeleted
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
  already_known: created running ending stopping notDeleted
  being_removed: takenBack asked removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:expired
  no_job: none
  >skipped: due booked overdue sent
  other_cluster: unplaced
  already_known: created running ending stopping notDeleted
  being_removed: takenBack asked removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:dropped
  no_job: none
  kept_by_cluster: due booked overdue sent created running ending takenBack asked removing stopping notDeleted
  kept_by_cluster: succeeded failed refused cancelled lost skipped leaving repaired
  other_cluster: unplaced
  deleted: deleted
fact:waiting
  no_job: none
  kept_by_cluster: due booked overdue sent created running ending takenBack asked removing stopping notDeleted
  kept_by_cluster: succeeded failed refused cancelled lost skipped leaving repaired
  other_cluster: unplaced
  deleted: deleted
fact:started
  no_job: none
  >running: due booked overdue sent created
  other_cluster: unplaced
  already_known: running ending stopping notDeleted
  >running-deadline?: takenBack
  >running-delete?/asked: asked
  >running-delete/asked: removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:ended
  no_job: none
  >succeeded: due booked overdue sent created running
  other_cluster: unplaced
  already_known: ending
  >succeeded-finished?: takenBack
  >succeeded-finished?/done: asked
  >succeeded-finished/done: removing stopping
  >succeeded/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:log
  no_job: none
  >due: due booked overdue
  other_cluster: unplaced
  >sent: sent
  >created: created
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
fact:lost
  no_job: none
  >lost: due booked overdue sent created running
  other_cluster: unplaced
  >succeeded: ending
  being_removed: takenBack asked removing stopping
  >lost/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:removed
  no_job: none
  not_open: due booked overdue sent created running ending notDeleted succeeded failed refused cancelled lost skipped
  other_cluster: unplaced
  >cancelled: takenBack
  >cancelled/done: asked removing stopping
  deleted: deleted
  >succeeded/done: leaving
  older_decision: repaired
fact:remove_failed
  no_job: none
  not_open: due booked overdue sent created running ending notDeleted succeeded failed refused cancelled lost skipped
  other_cluster: unplaced
  >due: takenBack
  >due/refused: asked
  >sent/refused: removing
  >running/refused: stopping
  deleted: deleted
  >succeeded/done: leaving
  older_decision: repaired
chosen
  no_job: none
  not_open: due booked overdue sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired
  >due: unplaced
choose_failed
  no_job: none
  not_open: due booked overdue sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired
  >due: unplaced
booked
  no_job: none
  >due: due
  already_known: booked overdue
  not_open: unplaced
  older_decision: sent created running ending takenBack asked removing stopping notDeleted succeeded failed refused
  older_decision: cancelled lost skipped deleted leaving repaired
book_failed
  no_job: none
  >due: due
  older_decision: booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  older_decision: succeeded failed refused cancelled lost skipped deleted leaving repaired
looked
  no_job: none
  not_open: due booked unplaced sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired
  >due-deadline?: overdue
look_failed
  no_job: none
  not_open: due booked unplaced sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired
  >due: overdue
cancel_answered
  no_job: none
  not_open: due booked unplaced overdue sent created running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped deleted
  >sent-deadline: takenBack
  >sent-delete/asked: asked removing
  >running-delete/asked: stopping
  >succeeded-finished/done: leaving
  older_decision: repaired
cancel_failed
  no_job: none
  not_open: due booked unplaced overdue sent created running ending removing stopping notDeleted succeeded failed
  not_open: refused cancelled lost skipped deleted leaving repaired
  >due-deadline?: takenBack
  >due-delete?/asked: asked
index_written
  no_job: none
  >due: due booked unplaced overdue
  >sent: sent
  >created: created
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
index_failed
  no_job: none
  already_known: due booked asked removing
  >due: unplaced overdue
  >sent: sent
  >created: created
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
name_released
  no_job: none
  not_open: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  not_open: succeeded failed refused cancelled lost skipped
  >cancelled/done: deleted
  >succeeded-finished/done: leaving
  >cancelled-repair?/done: repaired
release_failed
  no_job: none
  not_open: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  not_open: succeeded failed refused cancelled lost skipped
  >cancelled/done: deleted
  >succeeded-finished/done: leaving
  >cancelled-repair?/done: repaired
purge_failed
  no_job: none
  not_open: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
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
  !exists: succeeded failed refused cancelled lost skipped deleted leaving repaired
delete:force
  !unknown: none
  >due-delete?/asked: due booked overdue takenBack
  >cancelled/done: unplaced cancelled
  >sent-delete?/asked: sent
  >created-delete?/asked: created
  >running-delete?/asked: running notDeleted
  >succeeded-finished?/done: ending succeeded
  already_known: asked removing stopping deleted leaving repaired
  >failed-finished?/done: failed
  >failed/done: refused
  >lost/done: lost
  >skipped/done: skipped
late:elsewhere
  no_job: none
  other_cluster: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  other_cluster: succeeded failed refused cancelled lost skipped deleted leaving repaired
fact:ended:failed
  no_job: none
  >failed: due booked overdue sent created running
  other_cluster: unplaced
  already_known: ending
  >failed-finished?: takenBack
  >failed-finished?/done: asked
  being_removed: removing stopping
  >failed/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:ended:log
  no_job: none
  >ending: due booked overdue sent created running
  other_cluster: unplaced
  already_known: ending
  >succeeded-finished?: takenBack
  >succeeded-finished?/done: asked
  >succeeded-finished/done: removing stopping
  >ending/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving repaired
  deleted: deleted
fact:removed:older
  no_job: none
  not_open: due booked overdue sent created running ending notDeleted succeeded failed refused cancelled lost skipped
  other_cluster: unplaced
  older_decision: takenBack asked removing stopping leaving repaired
  deleted: deleted
fact:created:unknown_run
  no_job: none
  unknown_run: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  unknown_run: succeeded failed refused cancelled lost skipped deleted leaving repaired
fact:created:another_job
  no_job: none
  >created: due booked overdue sent
  other_cluster: unplaced
  already_known: created running ending stopping notDeleted
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
fact:ended:elsewhere
  no_job: none
  other_cluster: due booked unplaced overdue sent created running ending takenBack asked removing stopping notDeleted
  other_cluster: succeeded failed refused cancelled lost skipped deleted leaving repaired
chosen:none
  no_job: none
  not_open: due booked overdue sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired
  >due: unplaced
booked:taken
  no_job: none
  >sent: due booked overdue
  not_open: unplaced
  older_decision: sent created running ending takenBack asked removing stopping notDeleted succeeded failed refused
  older_decision: cancelled lost skipped deleted leaving repaired
booked:stale
  no_job: none
  >due: due
  already_known: booked overdue
  not_open: unplaced
  older_decision: sent created running ending takenBack asked removing stopping notDeleted succeeded failed refused
  older_decision: cancelled lost skipped deleted leaving repaired
looked:sent
  no_job: none
  not_open: due booked unplaced sent created running ending takenBack asked removing stopping notDeleted succeeded
  not_open: failed refused cancelled lost skipped deleted leaving repaired
  >due: overdue
cancel_answered:unbooked
  no_job: none
  not_open: due booked unplaced overdue sent created running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped deleted
  >skipped: takenBack
  >cancelled/done: asked removing stopping
  >succeeded/done: leaving
  older_decision: repaired
cancel_answered:stale
  no_job: none
  not_open: due booked unplaced overdue sent created running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped deleted
  >due-deadline?: takenBack
  >due-delete?/asked: asked
  >sent-delete?/asked: removing
  >running-delete?/asked: stopping
  >succeeded-finished?/done: leaving
  older_decision: repaired
`;
