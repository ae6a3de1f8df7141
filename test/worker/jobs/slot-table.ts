/**
 * What each event does to a cron job in each sample: its runs and its next slot afterwards, the calls that follow, and before them
 * `(why)` it changes nothing by itself, or `!code` it is refused. `1:due` waits to be sent, `turn` for its turn, `missed` and
 * `ghost` for a relay (`+row`: its cluster's object has a row); `(reason n)` counts the slots of a record; `-why`: it is being
 * removed, or taken back.
 */
export const SLOT_TABLE = `
tick:nothing
  1:due next+2 book 1 <- fresh
  1:due next+2 <- booked
  1:running next+2 <- running
  1:succeeded next+2 <- ended
  1:running 2:skipped(concurrency 1) next+3 <- skipping
  1:running 2:due next+3 <- allowing
  1:running 2:turn next+3 <- queueing
  1:running-replace 2:turn next+3 <- replacing
  1:missed+row next+2 <- away
  1:ghost+row 2:skipped(misfire 1) next+2 <- awaySkipping
  1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- awayLonger
  1:skipped(suspended 1) next+2 <- suspended suspendedPast
  1:due-take_back next+2 <- takingBack
  1:succeeded 2:due next+2 <- triggered
  1:succeeded no next <- over
  1:succeeded-finished next+2 <- deleted
tick:lead
  1:due 2:turn next+3 book 1 <- fresh
  1:due 2:turn next+3 <- booked
  1:running 2:turn next+3 <- running queueing
  1:succeeded 2:due next+3 book 2 <- ended
  1:running 2:skipped(concurrency 1) next+3 <- skipping
  1:running 2:due 3:due next+4 book 2 book 3 <- allowing
  1:running-replace 2:turn next+3 cancel 1 <- replacing
  1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- away awayLonger
  1:ghost+row 2:skipped(misfire 2) next+3 <- awaySkipping
  1:skipped(suspended 2) next+3 <- suspended suspendedPast
  1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due 3:turn next+3 book 2 <- triggered
  1:succeeded no next <- over
  1:succeeded-finished next+2 cancel 1 <- deleted
tick:slot
  1:due 2:turn 3:skipped(concurrency 1) next+4 book 1 <- fresh
  1:due 2:turn 3:skipped(concurrency 1) next+4 <- booked
  1:running 2:turn 3:skipped(concurrency 1) next+4 <- running
  1:succeeded 2:due 3:skipped(concurrency 1) next+4 book 2 <- ended
  1:running 2:skipped(concurrency 2) next+4 <- skipping
  1:running 2:due 3:due next+4 book 2 book 3 <- allowing
  1:running 2:turn 3:turn next+4 <- queueing
  1:running-replace 2:skipped(concurrency 1) 3:turn next+4 cancel 1 <- replacing
  1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- away awayLonger
  1:ghost+row 2:skipped(misfire 2) next+3 <- awaySkipping
  1:skipped(suspended 3) next+4 <- suspended suspendedPast
  1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due 3:turn 4:skipped(concurrency 1) next+4 book 2 <- triggered
  1:succeeded no next <- over
  1:succeeded-finished next+2 cancel 1 <- deleted
tick:missed
  1:due 2:skipped(misfire 1) 3:turn next+4 book 1 <- fresh
  1:due 2:skipped(misfire 1) 3:turn next+4 <- booked
  1:running 2:skipped(misfire 1) 3:turn next+4 <- running
  1:succeeded 2:skipped(misfire 1) 3:due next+4 book 3 <- ended
  1:running 2:skipped(concurrency 1) 3:turn next+4 <- skipping
  1:running 2:due 3:due next+4 book 2 book 3 <- allowing
  1:running 2:turn 3:turn next+4 <- queueing
  1:running-replace 2:skipped(concurrency 1) 3:turn next+4 cancel 1 <- replacing
  1:ghost+row 2:skipped(misfire 2) 3:missed next+4 <- away
  1:ghost+row 2:skipped(misfire 3) next+4 <- awaySkipping
  1:ghost+row 2:skipped(misfire 2) 4:missed next+4 <- awayLonger
  1:skipped(suspended 3) next+4 <- suspended suspendedPast
  1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due 3:skipped(misfire 1) 4:turn next+4 book 2 <- triggered
  1:succeeded no next <- over
  1:succeeded-finished next+2 cancel 1 <- deleted
late:away
  1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- fresh booked
  (already_known) 1:running 2:skipped(concurrency 1) next+3 <- running skipping
  (run_is_over) 1:succeeded 2:due next+3 book 2 <- ended
  (already_known) 1:running 2:due next+3 <- allowing
  (already_known) 1:running 2:turn next+3 <- queueing
  (being_removed) 1:running-replace 2:turn next+3 <- replacing
  (already_known) 1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- away awayLonger
  (already_known) 1:ghost+row 2:skipped(misfire 2) next+3 <- awaySkipping
  (unknown_run) 1:skipped(suspended 2) next+3 <- suspended
  (run_is_over) 1:skipped(suspended 2) next+3 <- suspendedPast
  (being_removed) 1:due-take_back next+2 cancel 1 <- takingBack
  (run_is_over) 1:succeeded 2:due 3:skipped(concurrency 1) next+3 book 2 <- triggered
  (run_is_over) 1:succeeded no next <- over
  (run_is_over) 1:succeeded-finished next+2 cancel 1 <- deleted
late:linked
  1:due 2:skipped(concurrency 1) next+3 book 1 <- fresh booked away
  (already_known) 1:running 2:skipped(concurrency 1) next+3 <- running skipping
  (run_is_over) 1:succeeded 2:due next+3 book 2 <- ended
  (already_known) 1:running 2:due next+3 <- allowing
  (already_known) 1:running 2:turn next+3 <- queueing
  (being_removed) 1:running-replace 2:turn next+3 <- replacing
  2:skipped(misfire 1) 3:due next+3 book 3 <- awaySkipping awayLonger
  (unknown_run) 1:skipped(suspended 2) next+3 <- suspended
  (run_is_over) 1:skipped(suspended 2) next+3 <- suspendedPast
  (being_removed) 1:due-take_back next+2 cancel 1 <- takingBack
  (run_is_over) 1:succeeded 2:due 3:skipped(concurrency 1) next+3 book 2 <- triggered
  (run_is_over) 1:succeeded no next <- over
  (run_is_over) 1:succeeded-finished next+2 cancel 1 <- deleted
fact:created
  1:created next+2 <- fresh booked away takingBack
  (already_known) 1:running next+2 <- running
  (run_is_over) 1:succeeded next+2 <- ended
  (already_known) 1:running 2:skipped(concurrency 1) next+3 <- skipping
  (already_known) 1:running 2:due next+3 <- allowing
  (already_known) 1:running 2:turn next+3 <- queueing
  (already_known) 1:running-replace 2:turn next+3 <- replacing
  1:created 2:skipped(misfire 1) next+2 <- awaySkipping
  1:created 2:skipped(misfire 1) 3:turn next+3 <- awayLonger
  (unknown_run) 1:skipped(suspended 1) next+2 <- suspended
  1:skipped(suspended 1)-repair next+2 cancel 1 <- suspendedPast
  (run_is_over) 1:succeeded 2:due next+2 <- triggered
  (run_is_over) 1:succeeded no next <- over
  (run_is_over) 1:succeeded-finished next+2 <- deleted
fact:ended
  1:succeeded 2:due next+3 book 2 <- fresh booked running queueing away
  (run_is_over) 1:succeeded 2:due next+3 book 2 <- ended
  1:succeeded 2:skipped(concurrency 1) next+3 <- skipping
  1:succeeded 2:due next+3 <- allowing
  1:succeeded-finished 2:due next+3 book 2 <- replacing
  1:succeeded 2:skipped(misfire 1) 3:due next+3 book 3 <- awaySkipping awayLonger
  (unknown_run) 1:skipped(suspended 2) next+3 <- suspended
  (run_is_over) 1:skipped(suspended 2) next+3 <- suspendedPast
  1:succeeded 2:skipped(suspended 1) next+3 <- takingBack
  (run_is_over) 1:succeeded 2:due 3:skipped(concurrency 1) next+3 book 2 <- triggered
  (run_is_over) 1:succeeded no next <- over
  (run_is_over) 1:succeeded-finished next+2 cancel 1 <- deleted
fact:expired
  1:skipped(deadline 1) next+2 <- fresh booked takingBack
  (already_known) 1:running next+2 <- running
  (run_is_over) 1:succeeded next+2 <- ended
  (already_known) 1:running 2:skipped(concurrency 1) next+3 <- skipping
  (already_known) 1:running 2:due next+3 <- allowing
  (already_known) 1:running 2:turn next+3 <- queueing
  (already_known) 1:running-replace 2:turn next+3 <- replacing
  1:ghost+row 2:skipped(deadline 1) next+2 <- away
  2:skipped(misfire 1) next+2 <- awaySkipping
  2:skipped(misfire 1) 3:due next+3 book 3 <- awayLonger
  (unknown_run) 1:skipped(suspended 1) next+2 <- suspended
  (run_is_over) 1:skipped(suspended 1) next+2 <- suspendedPast
  (run_is_over) 1:succeeded 2:due next+2 <- triggered
  (run_is_over) 1:succeeded no next <- over
  (run_is_over) 1:succeeded-finished next+2 <- deleted
fact:lost
  1:lost 2:due next+3 book 2 <- fresh booked running queueing away
  (run_is_over) 1:succeeded 2:due next+3 book 2 <- ended
  1:lost 2:skipped(concurrency 1) next+3 <- skipping
  1:lost 2:due next+3 <- allowing
  (being_removed) 1:running-replace 2:turn next+3 <- replacing
  1:lost 2:skipped(misfire 1) 3:due next+3 book 3 <- awaySkipping awayLonger
  (unknown_run) 1:skipped(suspended 2) next+3 <- suspended
  (run_is_over) 1:skipped(suspended 2) next+3 <- suspendedPast
  1:lost 2:skipped(suspended 1) next+3 <- takingBack
  (run_is_over) 1:succeeded 2:due 3:skipped(concurrency 1) next+3 book 2 <- triggered
  (run_is_over) 1:succeeded no next <- over
  (run_is_over) 1:succeeded-finished next+2 cancel 1 <- deleted
cancel:1
  1:due-cancel next+2 cancel 1 <- fresh booked takingBack
  1:running-cancel next+2 cancel 1 <- running
  (run_is_over) 1:succeeded next+2 <- ended
  1:running-cancel 2:skipped(concurrency 1) next+3 cancel 1 <- skipping
  1:running-cancel 2:due next+3 cancel 1 <- allowing
  1:running-cancel 2:turn next+3 cancel 1 <- queueing
  1:running-cancel 2:turn next+3 <- replacing
  1:missed+row-cancel next+2 cancel 1 <- away
  !unknown_run 1:ghost+row 2:skipped(misfire 1) next+2 <- awaySkipping
  !unknown_run 1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- awayLonger
  !unknown_run 1:skipped(suspended 1) next+2 <- suspended
  (run_is_over) 1:skipped(suspended 1) next+2 <- suspendedPast
  (run_is_over) 1:succeeded 2:due next+2 <- triggered
  (run_is_over) 1:succeeded no next <- over
  (run_is_over) 1:succeeded-finished next+2 <- deleted
cancel:2
  !unknown_run 1:due 2:skipped(concurrency 1) next+3 book 1 <- fresh
  !unknown_run 1:due 2:skipped(concurrency 1) next+3 <- booked
  !unknown_run 1:running 2:skipped(concurrency 1) next+3 <- running
  !unknown_run 1:succeeded 2:due next+3 book 2 <- ended
  (run_is_over) 1:running 2:skipped(concurrency 1) next+3 <- skipping
  1:running 2:due-cancel next+3 cancel 2 <- allowing
  1:running 2:cancelled next+3 <- queueing
  1:running-replace 2:cancelled next+3 <- replacing
  !unknown_run 1:missed+row next+2 <- away
  (run_is_over) 1:ghost+row 2:skipped(misfire 1) next+2 <- awaySkipping
  (run_is_over) 1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- awayLonger
  !unknown_run 1:skipped(suspended 2) next+3 <- suspended suspendedPast
  !unknown_run 1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due-cancel 3:skipped(concurrency 1) next+3 cancel 2 <- triggered
  !unknown_run 1:succeeded no next <- over
  !unknown_run 1:succeeded-finished next+2 cancel 1 <- deleted
unbooked
  (not_open) 1:due next+2 book 1 <- fresh
  (not_open) 1:due next+2 <- booked
  (not_open) 1:running next+2 <- running
  (not_open) 1:succeeded next+2 <- ended
  (not_open) 1:running 2:skipped(concurrency 1) next+3 <- skipping
  (not_open) 1:running 2:due next+3 <- allowing
  (not_open) 1:running 2:turn next+3 <- queueing
  1:cancelled 2:due next+3 book 2 <- replacing
  (not_open) 1:missed+row next+2 <- away
  (not_open) 1:ghost+row 2:skipped(misfire 1) next+2 <- awaySkipping
  (not_open) 1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- awayLonger
  (not_open) 1:skipped(suspended 1) next+2 <- suspended suspendedPast
  2:skipped(suspended 1) next+2 <- takingBack
  (not_open) 1:succeeded 2:due next+2 <- triggered
  (not_open) 1:succeeded no next <- over
  1:succeeded next+2 <- deleted
taken
  (not_open) 1:due next+2 book 1 <- fresh
  (not_open) 1:due next+2 <- booked
  (not_open) 1:running next+2 <- running
  (not_open) 1:succeeded next+2 <- ended
  (not_open) 1:running 2:skipped(concurrency 1) next+3 <- skipping
  (not_open) 1:running 2:due next+3 <- allowing
  (not_open) 1:running 2:turn next+3 <- queueing
  1:running 2:turn next+3 <- replacing
  (not_open) 1:missed+row next+2 <- away
  (not_open) 1:ghost+row 2:skipped(misfire 1) next+2 <- awaySkipping
  (not_open) 1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- awayLonger
  (not_open) 1:skipped(suspended 1) next+2 <- suspended suspendedPast
  1:sent next+2 <- takingBack
  (not_open) 1:succeeded 2:due next+2 <- triggered
  (not_open) 1:succeeded no next <- over
  1:succeeded next+2 <- deleted
trigger
  1:due-take_back 2:due next+2 cancel 1 book 2 <- fresh booked takingBack
  1:running 2:due 3:skipped(concurrency 1) next+3 book 2 <- running
  1:succeeded 2:due 3:skipped(concurrency 1) next+3 book 2 <- ended
  1:running 2:skipped(concurrency 1) 3:due next+3 book 3 <- skipping
  1:running 2:due 3:due next+3 book 3 <- allowing
  1:running 2:turn 3:due next+3 book 3 <- queueing
  1:running-replace 2:turn 3:due next+3 book 3 <- replacing
  1:missed+row 2:due next+2 book 2 <- away
  1:ghost+row 2:skipped(misfire 1) 3:due next+2 book 3 <- awaySkipping
  1:ghost+row 2:skipped(misfire 1) 3:missed 4:due next+3 book 4 <- awayLonger
  1:due 2:skipped(suspended 2) next+3 book 1 <- suspended
  1:skipped(suspended 2) 2:due next+3 book 2 <- suspendedPast
  1:succeeded 2:due 3:due 4:skipped(concurrency 1) next+3 book 2 book 3 <- triggered
  1:succeeded 2:due no next book 2 <- over
  !deleted 1:succeeded-finished next+2 cancel 1 <- deleted
suspend
  1:due-take_back 2:skipped(concurrency 1) next+3 cancel 1 <- fresh booked
  1:running 2:skipped(concurrency 1) next+3 <- running skipping
  1:succeeded 2:due-take_back next+3 cancel 2 <- ended
  1:running 2:due-take_back next+3 cancel 2 <- allowing
  1:running 3:skipped(suspended 1) next+3 <- queueing
  1:running-replace 3:skipped(suspended 1) next+3 <- replacing
  1:ghost+row-take_back 2:skipped(misfire 1) next+3 cancel 1 <- away awayLonger
  1:ghost+row-take_back 2:skipped(misfire 2) next+3 cancel 1 <- awaySkipping
  (already_known) 1:skipped(suspended 2) next+3 <- suspended suspendedPast
  (already_known) 1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due 3:skipped(concurrency 1) next+3 book 2 <- triggered
  1:succeeded no next <- over
  !deleted 1:succeeded-finished next+2 cancel 1 <- deleted
resume
  (already_known) 1:due 2:skipped(concurrency 1) next+3 book 1 <- fresh
  (already_known) 1:due 2:skipped(concurrency 1) next+3 <- booked
  (already_known) 1:running 2:skipped(concurrency 1) next+3 <- running skipping
  (already_known) 1:succeeded 2:due next+3 book 2 <- ended
  (already_known) 1:running 2:due next+3 <- allowing
  (already_known) 1:running 2:turn next+3 <- queueing
  (already_known) 1:running-replace 2:turn next+3 <- replacing
  (already_known) 1:missed+row next+2 <- away
  (already_known) 1:ghost+row 2:skipped(misfire 1) next+2 <- awaySkipping
  (already_known) 1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- awayLonger
  1:skipped(suspended 2) next+3 <- suspended suspendedPast
  !behind 1:due-take_back next+2 cancel 1 <- takingBack
  (already_known) 1:succeeded 2:due 3:skipped(concurrency 1) next+3 book 2 <- triggered
  (already_known) 1:succeeded no next <- over
  !deleted 1:succeeded-finished next+2 cancel 1 <- deleted
update:same
  1:due-take_back 2:skipped(concurrency 1) next+3 cancel 1 <- fresh booked
  1:running 2:skipped(concurrency 1) next+3 <- running skipping
  1:succeeded 2:due-take_back next+3 cancel 2 <- ended
  1:running 2:due-take_back next+3 cancel 2 <- allowing
  1:running 3:skipped(concurrency 1) next+3 <- queueing
  1:running-replace 3:skipped(concurrency 1) next+3 <- replacing
  1:ghost+row-take_back 2:skipped(misfire 1) next+3 cancel 1 <- away awayLonger
  1:ghost+row-take_back 2:skipped(misfire 2) next+3 cancel 1 <- awaySkipping
  1:skipped(suspended 2) 2:due next+4 book 2 <- suspended suspendedPast
  !behind 1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due 3:skipped(concurrency 1) next+3 book 2 <- triggered
  1:succeeded 2:due next+4 book 2 <- over
  !deleted 1:succeeded-finished next+2 cancel 1 <- deleted
update:allow
  1:due-take_back 2:skipped(concurrency 1) next+3 cancel 1 <- fresh booked
  1:running 2:skipped(concurrency 1) 3:due next+4 book 3 <- running skipping
  1:succeeded 2:due-take_back next+3 cancel 2 <- ended
  1:running 2:due-take_back next+3 cancel 2 <- allowing
  1:running 3:due 4:due next+4 book 3 book 4 <- queueing
  1:running-replace 3:due 4:due next+4 book 3 book 4 <- replacing
  1:ghost+row-take_back 2:skipped(misfire 1) next+3 cancel 1 <- away awayLonger
  1:ghost+row-take_back 2:skipped(misfire 2) next+3 cancel 1 <- awaySkipping
  1:skipped(suspended 2) 2:due next+4 book 2 <- suspended suspendedPast
  !behind 1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due 3:skipped(concurrency 1) 4:due next+4 book 2 book 4 <- triggered
  1:succeeded 2:due next+4 book 2 <- over
  !deleted 1:succeeded-finished next+2 cancel 1 <- deleted
update:rarer
  1:due-take_back 2:skipped(concurrency 1) next+720 cancel 1 <- fresh booked
  1:running 2:skipped(concurrency 1) next+720 <- running skipping
  1:succeeded 2:due-take_back next+720 cancel 2 <- ended
  1:running 2:due-take_back next+720 cancel 2 <- allowing
  1:running next+720 <- queueing
  1:running-replace next+720 <- replacing
  1:ghost+row-take_back 2:skipped(misfire 1) next+720 cancel 1 <- away awayLonger
  1:ghost+row-take_back 2:skipped(misfire 2) next+720 cancel 1 <- awaySkipping
  1:skipped(suspended 2) next+720 <- suspended suspendedPast
  !behind 1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due 3:skipped(concurrency 1) next+720 book 2 <- triggered
  1:succeeded next+720 <- over
  !deleted 1:succeeded-finished next+2 cancel 1 <- deleted
delete
  1:due-delete next+2 cancel 1 <- fresh booked takingBack
  1:running-delete next+2 cancel 1 <- running
  1:succeeded-finished next+2 cancel 1 <- ended
  1:running-delete 2:skipped(concurrency 1) next+3 cancel 1 <- skipping
  1:running-delete 2:due-delete next+3 cancel 1 cancel 2 <- allowing
  1:running-delete 2:cancelled next+3 cancel 1 <- queueing
  1:running-delete 2:cancelled next+3 <- replacing
  1:missed+row-delete next+2 cancel 1 <- away
  1:ghost+row-delete 2:skipped(misfire 1) next+2 cancel 1 <- awaySkipping
  1:ghost+row-delete 2:skipped(misfire 1) 3:cancelled next+3 cancel 1 <- awayLonger
  next+1 <- suspended
  1:skipped(suspended 1) next+2 <- suspendedPast
  1:succeeded-finished 2:due-delete next+2 cancel 1 cancel 2 <- triggered
  1:succeeded-finished no next cancel 1 <- over
  (already_known) 1:succeeded-finished next+2 cancel 1 <- deleted
poke
  1:due next+2 book 1 <- fresh booked
  1:running next+2 <- running
  1:succeeded next+2 <- ended
  1:running 2:skipped(concurrency 1) next+3 <- skipping
  1:running 2:due next+3 <- allowing
  1:running 2:turn next+3 <- queueing
  1:running-replace 2:turn next+3 cancel 1 <- replacing
  1:missed+row next+2 <- away
  1:ghost+row 2:skipped(misfire 1) next+2 <- awaySkipping
  1:ghost+row 2:skipped(misfire 1) 3:missed next+3 <- awayLonger
  1:skipped(suspended 1) next+2 <- suspended suspendedPast
  1:due-take_back next+2 cancel 1 <- takingBack
  1:succeeded 2:due next+2 book 2 <- triggered
  1:succeeded no next <- over
  1:succeeded-finished next+2 cancel 1 <- deleted
`;
