import type { Check, Remove } from "../../protocol/down.ts";
import { LABELS } from "../../protocol/words.ts";
import { equalJitterMs } from "../backoff.ts";
import { runKeyText } from "../facts.ts";
import { clusterSelector, type KubernetesCalls } from "./calls.ts";
import { judgeExisting, mayTouch, notAllowedWords, outOfView } from "./create-decision.ts";
import type { CreateContext } from "./create-run.ts";
import {
  type ApiFailure,
  describeFailure,
  isForbidden,
  isNotFound,
  isOtherObject,
  isRetryable,
  pauseAfter,
} from "./failures.ts";
import { isPodOver, leftWords, podsLeftBy } from "./left-pods.ts";
import { jobUidOf } from "./pods.ts";
import type { Waiting } from "./waiting.ts";

const POLL = { minMs: 100, maxMs: 1_000 };

type Step = { step: "wait"; retryAfterMs?: number | null } | { step: "gone" } | { step: "failed"; message: string };

/** Removes a run's Job and waits until no container of it is left; confirmed by `removed` or `remove_failed`. */
export async function removeRun(context: CreateContext, remove: Remove, stop: AbortSignal): Promise<void> {
  const { clock, report, underWay } = context;
  const key = runKeyText(remove);
  const base = { jobId: remove.jobId, run: remove.run, n: remove.n };
  if (!mayTouch(context.namespaces, remove.namespace)) {
    void report({ type: "remove_failed", ...base, message: notAllowedWords(remove.namespace) }, clock.monotonicMs());
    return;
  }
  underWay.removing.add(key);
  let existed = false;
  for (let tries = 0; !stop.aborted; tries++) {
    const { step, sawOurs } = await removeStep(context, remove);
    existed ||= sawOurs;
    if (step.step === "gone") {
      for (const run of context.store.ofRun(remove)) context.reconciler.removed(run);
      void report({ type: "removed", ...base, existed }, clock.monotonicMs());
      return;
    }
    if (step.step === "failed") {
      underWay.removing.delete(key);
      void report({ type: "remove_failed", ...base, message: step.message }, clock.monotonicMs());
      return;
    }
    const random = clock.random();
    const retryAfterMs = step.retryAfterMs ?? null;
    await clock.sleep(pauseAfter({ retryAfterMs }, equalJitterMs(tries, POLL, random), random), stop);
  }
}

async function removeStep(context: CreateContext, remove: Remove): Promise<{ step: Step; sawOurs: boolean }> {
  const { calls, clusterLabel } = context;
  const found = await calls.getJob(remove);
  if (!found.ok && !isNotFound(found.failure)) {
    return { step: stepAfter(found.failure), sawOurs: false };
  }
  if (found.ok && judgeExisting(found.value, remove, clusterLabel) === "same") {
    const { uid, deletionTimestamp } = found.value.metadata;
    if (deletionTimestamp) return { step: { step: "wait" }, sawOurs: true };
    const deleted = await calls.deleteJob(remove, uid);
    const passes = deleted.ok || isNotFound(deleted.failure) || isOtherObject(deleted.failure);
    return { step: passes ? { step: "wait" } : stepAfter(deleted.failure), sawOurs: true };
  }
  const othersUid = found.ok ? found.value.metadata.uid : null;
  return { step: await podsStep(calls, clusterLabel, remove, othersUid), sawOurs: false };
}

/** The Job is gone, or was never there; pods that were left behind still run the job. `othersUid`: who has the name now. */
async function podsStep(
  calls: KubernetesCalls,
  clusterLabel: string,
  { namespace, name, jobId }: Remove,
  othersUid: string | null,
): Promise<Step> {
  const selector = `${clusterSelector(clusterLabel)},${LABELS.jobId}=${jobId},batch.kubernetes.io/job-name=${name}`;
  const pods = await calls.listPods(namespace, selector);
  if (pods.ok) {
    const left = pods.value.some((pod) => !isPodOver(pod) && (othersUid === null || jobUidOf(pod) !== othersUid));
    return left ? { step: "wait" } : { step: "gone" };
  }
  if (isNotFound(pods.failure)) return { step: "gone" };
  return stepAfter(pods.failure);
}

function stepAfter(failure: ApiFailure): Step {
  if (isRetryable(failure)) return { step: "wait", retryAfterMs: failure.retryAfterMs };
  return { step: "failed", message: describeFailure(failure) };
}

/**
 * Looks for a Job that the control plane knows and the inventory lacked; answered by what is found, or by `lost`, once no pod
 * of it is left that may still run. A relay that may not look says so, and nothing of the Job.
 */
export async function checkRun(context: CreateContext, check: Check, stop: AbortSignal): Promise<void> {
  const { calls, clock, report, store, reconciler } = context;
  const key = { jobId: check.jobId, run: check.run };
  let said = "";
  const sayWaiting = (waiting: Waiting): void => {
    if (waiting.message !== said) void report({ type: "waiting", ...key, ...waiting }, clock.monotonicMs());
    said = waiting.message;
  };
  if (!mayTouch(context.namespaces, check.namespace)) return sayWaiting(outOfView(check.namespace));
  for (let tries = 0; !stop.aborted; tries++) {
    const found = await calls.getJob(check);
    const same = found.ok && found.value.metadata.uid === check.uid;
    if (found.ok && same) {
      const run = store.takeAnswer(found.value, clock.monotonicMs(), false);
      if (run) reconciler.reconcile(run);
      return;
    }
    if (found.ok || isNotFound(found.failure)) {
      const left = await podsLeftBy(calls, context.clusterLabel, check.namespace, check.uid);
      if (left.ok && left.pods.length === 0) {
        void report({ type: "lost", ...key, uid: check.uid }, clock.monotonicMs());
        return;
      }
      if (left.ok) sayWaiting(leftWords(left.pods));
    } else if (isForbidden(found.failure)) {
      sayWaiting({ reason: "forbidden", message: `its Job can't be looked for: ${describeFailure(found.failure)}` });
    }
    // A right that was lost, a server that does not answer: no evidence, so nothing is said of the Job until there is.
    const random = clock.random();
    const retryAfterMs = found.ok ? null : found.failure.retryAfterMs;
    const backoffMs = equalJitterMs(tries, { minMs: 500, maxMs: 30_000 }, random);
    await clock.sleep(pauseAfter({ retryAfterMs }, backoffMs, random), stop);
  }
}
