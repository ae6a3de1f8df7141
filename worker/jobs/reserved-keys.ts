import { ANNOTATIONS, LABELS } from "../../protocol/words.ts";

/** Labels that are not the caller's: our five, and those that the API server generates for each Job. */
export const RESERVED_LABELS: readonly string[] = [
  ...Object.values(LABELS),
  "job-name",
  "controller-uid",
  "batch.kubernetes.io/job-name",
  "batch.kubernetes.io/controller-uid",
];

/** All annotations that begin so are ours, those of later releases too. */
export const OWN_ANNOTATION_PREFIX = `${ANNOTATIONS.run.split("/")[0]}/`;
