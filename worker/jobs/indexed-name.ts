import type { CronRules } from "./definition.ts";
import { longestSuffix } from "./run-names.ts";

const MAX_KUBE_NAME_LENGTH = 63;

/**
 * Why an Indexed job can't have that name: the longest name that it can need, of a slot or of `-r` and four digits, and the index
 * of its last pod, must fit 63 (contract, part 3). Null: it can.
 */
export function indexedNameProblem(
  jobName: string,
  completions: number,
  cron?: Pick<CronRules, "schedule">,
): string | null {
  const longest = `${jobName}${longestSuffix(cron)}-${completions - 1}`;
  if (longest.length <= MAX_KUBE_NAME_LENGTH) return null;
  const over = longest.length - MAX_KUBE_NAME_LENGTH;
  return `job_name ${JSON.stringify(jobName)} is ${over} too long for an Indexed job with ${completions} completions`;
}
