import { z } from "zod";

/** Of each object the relay keeps only the fields that it looks at; all else is dropped at once. */
const Metadata = z.object({
  name: z.string(),
  namespace: z.string().default("default"),
  uid: z.string(),
  resourceVersion: z.string().default(""),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().nullish(),
  finalizers: z.array(z.string()).nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});

const Condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  lastTransitionTime: z.string().nullish(),
});

/** A `batch/v1` Job. */
export const KubeJob = z.object({
  metadata: Metadata,
  spec: z.object({
    activeDeadlineSeconds: z.number().nullish(),
    suspend: z.boolean().nullish(),
    backoffLimit: z.number().nullish(),
    template: z.object({ spec: z.object({ restartPolicy: z.string().nullish() }) }),
  }),
  status: z
    .object({
      conditions: z.array(Condition).nullish(),
      startTime: z.string().nullish(),
      active: z.number().nullish(),
      succeeded: z.number().nullish(),
      failed: z.number().nullish(),
    })
    .nullish(),
});
export type KubeJob = z.infer<typeof KubeJob>;

const Terminated = z.object({
  exitCode: z.number(),
  signal: z.number().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  startedAt: z.string().nullish(),
});

const ContainerState = z.object({
  waiting: z.object({ reason: z.string().nullish(), message: z.string().nullish() }).nullish(),
  running: z.object({ startedAt: z.string().nullish() }).nullish(),
  terminated: Terminated.nullish(),
});

const ContainerStatus = z.object({
  name: z.string(),
  restartCount: z.number(),
  state: ContainerState.nullish(),
  lastState: ContainerState.nullish(),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

/** A Pod of one of our Jobs. */
export const KubePod = z.object({
  metadata: Metadata.extend({
    ownerReferences: z.array(z.object({ uid: z.string(), controller: z.boolean().nullish() })).nullish(),
  }),
  spec: z.object({
    nodeName: z.string().nullish(),
    containers: z.array(z.object({ name: z.string() })),
    initContainers: z.array(z.object({ name: z.string() })).nullish(),
  }),
  status: z
    .object({
      phase: z.string().nullish(),
      reason: z.string().nullish(),
      message: z.string().nullish(),
      conditions: z.array(Condition).nullish(),
      containerStatuses: z.array(ContainerStatus).nullish(),
      initContainerStatuses: z.array(ContainerStatus).nullish(),
    })
    .nullish(),
});
export type KubePod = z.infer<typeof KubePod>;

/** One event, as far as it tells why no pod comes. */
export const KubeEvent = z.object({
  reason: z.string().nullish(),
  message: z.string().nullish(),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
});

/** A list of anything, its items still unchecked: one odd item must not hide the others. */
export const KubeList = z.object({
  metadata: z.object({ resourceVersion: z.string().default(""), continue: z.string().nullish() }),
  items: z.array(z.unknown()).nullish(),
});

/** One line of a watch. */
export const WatchLine = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
  object: z.unknown(),
});

/** What a bookmark and every object carries. */
export const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/** The part of an ERROR event's Status that decides what to do. */
export const WatchError = z.object({ code: z.number().nullish(), message: z.string().nullish() });
