/** The rows of lifecycle-table.ts for facts. */
export const FACT_TABLE = `fact:created
  no_job: none
  >created: due booked overdue sent
  other_cluster: unplaced
  already_known: created unstarted tooLate running ending stopping notDeleted updating notUpdated cancelling
  >created-deadline?: takenBack
  >created-delete?/asked: asked
  >created-delete/asked: removing
  run_is_over: succeeded failed lost leaving updated again repaired
  >failed-repair?: refused
  >cancelled-repair?: cancelled
  >skipped-repair?: skipped
  >cancelled-repair?/done: deleted
fact:create_refused
  no_job: none
  >failed: due booked overdue sent
  other_cluster: unplaced
  already_known: created unstarted tooLate running ending stopping notDeleted updating notUpdated cancelling
  being_removed: takenBack asked removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving updated again repaired
  deleted: deleted
fact:expired
  no_job: none
  >skipped: due booked overdue sent
  other_cluster: unplaced
  already_known: created unstarted tooLate running ending stopping notDeleted updating notUpdated cancelling
  being_removed: takenBack asked removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving updated again repaired
  deleted: deleted
fact:dropped fact:waiting
  no_job: none
  kept_by_cluster: due booked overdue sent created unstarted tooLate running ending takenBack asked removing stopping
  kept_by_cluster: notDeleted succeeded failed refused cancelled lost skipped leaving updating updated notUpdated
  kept_by_cluster: cancelling again repaired
  other_cluster: unplaced
  deleted: deleted
fact:started
  no_job: none
  >running: due booked overdue sent created unstarted
  other_cluster: unplaced
  >running-not_started: tooLate
  already_known: running ending stopping notDeleted updating notUpdated cancelling
  >running-deadline?: takenBack
  >running-delete?/asked: asked
  >running-delete/asked: removing
  run_is_over: succeeded failed refused cancelled lost skipped leaving updated again repaired
  deleted: deleted
fact:ended
  no_job: none
  >succeeded: due booked overdue sent created unstarted running notUpdated
  other_cluster: unplaced
  >succeeded-finished: tooLate cancelling
  already_known: ending
  >succeeded-finished?: takenBack
  >succeeded-finished?/done: asked
  >succeeded-finished/done: removing stopping
  >succeeded/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving updated again repaired
  deleted: deleted
  >due+succeeded-finished: updating
fact:log
  no_job: none
  >due: due booked overdue again
  other_cluster: unplaced
  >sent: sent
  >created: created unstarted
  >created-not_started: tooLate
  >running: running notUpdated
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
  >due+running-update: updating
  >due+succeeded-finished: updated
  >running-cancel: cancelling
  >cancelled-repair?/done: repaired
fact:lost
  no_job: none
  >lost: due booked overdue sent created unstarted running notUpdated
  other_cluster: unplaced
  being_removed: tooLate takenBack asked removing stopping updating cancelling
  >succeeded: ending
  >lost/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving updated again repaired
  deleted: deleted
fact:removed
  no_job: none
  not_open: due booked overdue sent created unstarted running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped notUpdated again
  other_cluster: unplaced
  >failed: tooLate
  >cancelled: takenBack cancelling
  >cancelled/done: asked removing stopping
  deleted: deleted
  >succeeded/done: leaving
  >due: updating updated
  older_decision: repaired
fact:remove_failed
  no_job: none
  not_open: due booked overdue sent created unstarted running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped notUpdated again
  other_cluster: unplaced
  >created: tooLate
  >due: takenBack updated
  >due/refused: asked
  >sent/refused: removing
  >running/refused: stopping
  deleted: deleted
  >succeeded/done: leaving
  >running: updating cancelling
  older_decision: repaired
fact:ended:failed
  no_job: none
  >failed: due booked overdue sent created unstarted running notUpdated
  other_cluster: unplaced
  >created-not_started: tooLate
  already_known: ending
  >failed-finished?: takenBack
  >failed-finished?/done: asked
  >created-delete/asked: removing
  >running-delete/asked: stopping
  >failed/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving updated again repaired
  deleted: deleted
  >due+running-update: updating
  >running-cancel: cancelling
fact:ended:log
  no_job: none
  >ending: due booked overdue sent created unstarted running notUpdated
  other_cluster: unplaced
  >succeeded-finished: tooLate cancelling
  already_known: ending
  >succeeded-finished?: takenBack
  >succeeded-finished?/done: asked
  >succeeded-finished/done: removing stopping
  >ending/refused: notDeleted
  run_is_over: succeeded failed refused cancelled lost skipped leaving updated again repaired
  deleted: deleted
  >due+succeeded-finished: updating
fact:removed:older
  no_job: none
  not_open: due booked overdue sent created unstarted running ending notDeleted succeeded failed refused cancelled
  not_open: lost skipped notUpdated again
  other_cluster: unplaced
  older_decision: tooLate takenBack asked removing stopping leaving updating updated cancelling repaired
  deleted: deleted
fact:created:unknown_run
  no_job: none
  unknown_run: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  unknown_run: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  unknown_run: notUpdated cancelling again repaired
fact:created:another_job
  no_job: none
  >created: due booked overdue sent
  other_cluster: unplaced
  already_known: created unstarted tooLate running ending stopping notDeleted updating notUpdated cancelling
  >created-deadline?: takenBack
  >created-delete?/asked: asked
  >created-delete/asked: removing
  >succeeded-repair?: succeeded
  >failed-repair?: failed refused
  >cancelled-repair?: cancelled
  >lost-repair?: lost
  >skipped-repair?: skipped
  >cancelled-repair?/done: deleted
  run_is_over: leaving updated repaired
  >due+succeeded-repair?: again
fact:ended:elsewhere
  no_job: none
  other_cluster: due booked unplaced overdue sent created unstarted tooLate running ending takenBack asked removing
  other_cluster: stopping notDeleted succeeded failed refused cancelled lost skipped deleted leaving updating updated
  other_cluster: notUpdated cancelling again repaired`;
