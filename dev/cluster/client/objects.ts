import { z } from "zod";

const Condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastProbeTime: z.string().nullish(),
  lastTransitionTime: z.string().nullish(),
});
export type Condition = z.infer<typeof Condition>;

const OwnerReference = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
});

const Metadata = z.looseObject({
  name: z.string(),
  namespace: z.string().default(""),
  uid: z.string(),
  resourceVersion: z.string(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().optional(),
  deletionGracePeriodSeconds: z.number().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  finalizers: z.array(z.string()).default([]),
  ownerReferences: z.array(OwnerReference).default([]),
});

const EnvVar = z.looseObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .looseObject({
      fieldRef: z.looseObject({ fieldPath: z.string() }).optional(),
      secretKeyRef: z
        .looseObject({ name: z.string().optional(), key: z.string(), optional: z.boolean().optional() })
        .optional(),
      configMapKeyRef: z
        .looseObject({ name: z.string().optional(), key: z.string(), optional: z.boolean().optional() })
        .optional(),
    })
    .optional(),
});
export type EnvVar = z.infer<typeof EnvVar>;

const Container = z.looseObject({
  name: z.string(),
  image: z.string().default(""),
  command: z.array(z.string()).default([]),
  args: z.array(z.string()).default([]),
  env: z.array(EnvVar).default([]),
  envFrom: z.array(z.looseObject({})).default([]),
  workingDir: z.string().optional(),
});
export type Container = z.infer<typeof Container>;

const PodSpec = z.looseObject({
  nodeName: z.string().optional(),
  restartPolicy: z.enum(["Always", "OnFailure", "Never"]).catch("Never"),
  terminationGracePeriodSeconds: z.number().default(30),
  activeDeadlineSeconds: z.number().optional(),
  initContainers: z.array(Container).default([]),
  containers: z.array(Container).default([]),
});

const Terminated = z.looseObject({
  exitCode: z.number(),
  signal: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  containerID: z.string().optional(),
});

const ContainerState = z.looseObject({
  waiting: z.looseObject({ reason: z.string().optional(), message: z.string().optional() }).optional(),
  running: z.looseObject({ startedAt: z.string().optional() }).optional(),
  terminated: Terminated.optional(),
});
export type ContainerState = z.infer<typeof ContainerState>;

const ContainerStatus = z.looseObject({
  name: z.string(),
  ready: z.boolean().default(false),
  restartCount: z.number().default(0),
  state: ContainerState.default({}),
  lastState: ContainerState.default({}),
});
export type ContainerStatus = z.infer<typeof ContainerStatus>;

const PodStatus = z.looseObject({
  phase: z.string().default("Pending"),
  startTime: z.string().optional(),
  conditions: z.array(Condition).default([]),
  containerStatuses: z.array(ContainerStatus).default([]),
  initContainerStatuses: z.array(ContainerStatus).default([]),
});

/** A pod as the kubelet and the Job controller read it; fields they do not know are kept. */
export const Pod = z.looseObject({
  metadata: Metadata,
  spec: PodSpec,
  status: PodStatus.default({ phase: "Pending", conditions: [], containerStatuses: [], initContainerStatuses: [] }),
});
export type Pod = z.infer<typeof Pod>;

const UncountedPods = z.looseObject({
  succeeded: z.array(z.string()).default([]),
  failed: z.array(z.string()).default([]),
});

const JobStatus = z.looseObject({
  active: z.number().optional(),
  ready: z.number().optional(),
  succeeded: z.number().optional(),
  failed: z.number().optional(),
  terminating: z.number().optional(),
  startTime: z.string().optional(),
  completionTime: z.string().optional(),
  completedIndexes: z.string().optional(),
  conditions: z.array(Condition).default([]),
  uncountedTerminatedPods: UncountedPods.default({ succeeded: [], failed: [] }),
});
export type JobStatus = z.infer<typeof JobStatus>;

/** A Job as its controller reads it. */
export const Job = z.looseObject({
  metadata: Metadata,
  spec: z.looseObject({
    parallelism: z.number().default(1),
    completions: z.number().optional(),
    backoffLimit: z.number().default(6),
    activeDeadlineSeconds: z.number().optional(),
    ttlSecondsAfterFinished: z.number().optional(),
    completionMode: z.string().default("NonIndexed"),
    suspend: z.boolean().default(false),
    podReplacementPolicy: z.string().default("TerminatingOrFailed"),
    managedBy: z.string().optional(),
    template: z.looseObject({
      metadata: z
        .looseObject({
          labels: z.record(z.string(), z.string()).default({}),
          annotations: z.record(z.string(), z.string()).default({}),
        })
        .default({ labels: {}, annotations: {} }),
      spec: z.looseObject({ restartPolicy: z.string().default("Never") }),
    }),
  }),
  status: JobStatus.default({ conditions: [], uncountedTerminatedPods: { succeeded: [], failed: [] } }),
});
export type Job = z.infer<typeof Job>;

/** A namespace as its controller reads it. */
export const Namespace = z.looseObject({ metadata: Metadata });
export type Namespace = z.infer<typeof Namespace>;

/** What an informer needs to know of any object. */
export type WatchedObject = { metadata: z.infer<typeof Metadata> };
