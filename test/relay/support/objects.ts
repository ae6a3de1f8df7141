import { ANNOTATIONS, JOB_FROM, LABELS } from "../../../protocol/words.ts";
import { KubeJob, KubePod } from "../../../relay/kubernetes/objects.ts";
import { type PodRecord, recordPod } from "../../../relay/kubernetes/pods.ts";
import { CLUSTER_LABEL } from "./manifests.ts";

type Condition = { type: string; status: string; reason?: string; message?: string; lastTransitionTime?: string };

/** A Job as the API server shows it. */
export function jobObject(
  options: {
    name?: string;
    uid?: string;
    resourceVersion?: string;
    jobId?: string;
    jobName?: string;
    run?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    finalizers?: string[];
    spec?: object;
    status?: object;
    conditions?: Condition[];
  } = {},
): KubeJob {
  const name = options.name ?? "job1";
  const labels = {
    [LABELS.from]: JOB_FROM,
    [LABELS.cluster]: CLUSTER_LABEL,
    [LABELS.jobId]: options.jobId ?? "job1",
    [LABELS.jobName]: options.jobName ?? name,
    [LABELS.jobType]: "once",
    ...options.labels,
  };
  return KubeJob.parse({
    metadata: {
      name,
      namespace: "default",
      uid: options.uid ?? "job-uid",
      resourceVersion: options.resourceVersion ?? "1",
      creationTimestamp: "2026-11-24T16:00:00Z",
      deletionTimestamp: options.deletionTimestamp,
      finalizers: options.finalizers,
      labels,
      annotations: { [ANNOTATIONS.run]: String(options.run ?? 1), ...options.annotations },
    },
    spec: { template: { spec: { restartPolicy: "Never" } }, ...options.spec },
    status: { conditions: options.conditions ?? [], ...options.status },
  });
}

/** A container's status in a Pod: running, waiting, or ended. */
export function containerStatus(
  name: string,
  state: { running?: object; waiting?: object; terminated?: object },
  restartCount = 0,
  lastState: object = {},
): object {
  return { name, restartCount, state, lastState };
}

/** A Pod as the API server shows it. */
export function podObject(
  options: {
    name?: string;
    uid?: string;
    phase?: string;
    reason?: string;
    message?: string;
    conditions?: Condition[];
    containers?: object[];
    init?: object[];
    names?: string[];
    node?: string;
    deletionTimestamp?: string;
  } = {},
): KubePod {
  return KubePod.parse({
    metadata: {
      name: options.name ?? "pod1",
      namespace: "default",
      uid: options.uid ?? `${options.name ?? "pod1"}-uid`,
      ownerReferences: [{ uid: "job-uid", controller: true }],
      deletionTimestamp: options.deletionTimestamp,
    },
    spec: {
      nodeName: options.node,
      containers: (options.names ?? ["main"]).map((name) => ({ name })),
      initContainers: options.init ? [{ name: "init" }] : [],
    },
    status: {
      phase: options.phase ?? "Pending",
      reason: options.reason,
      message: options.message,
      conditions: options.conditions,
      containerStatuses: options.containers ?? [],
      initContainerStatuses: options.init ?? [],
    },
  });
}

/** What is remembered after a row of sightings of one pod. */
export function seenPod(...sightings: (KubePod | "gone")[]): PodRecord {
  let record: PodRecord | undefined;
  let last: KubePod | undefined;
  for (const sighting of sightings) {
    if (sighting !== "gone") last = sighting;
    if (!last) throw new Error("a pod is seen before it goes");
    record = recordPod(last, "job-uid", record, sighting === "gone");
  }
  if (!record) throw new Error("no sighting");
  return record;
}
