import { z } from "zod";
import { OWN_ENV_NAMES } from "./env-vars.ts";
import type { JobProblem, Path } from "./job-problem.ts";
import { quantityValue } from "./kubernetes-rules.ts";
import type { JsonObject } from "./merge-patch.ts";

/** The API server takes this many bytes of annotations of one object, keys and values together. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

const MAX_POLICY_RULES = 20;

const Quantity = z.union([z.string(), z.number()]);

const Container = z.looseObject({
  name: z.string(),
  image: z.string().optional(),
  restartPolicy: z.string().optional(),
  env: z.array(z.looseObject({ name: z.string() })).default([]),
  ports: z
    .array(z.looseObject({ name: z.string().default(""), containerPort: z.number(), hostPort: z.number().optional() }))
    .default([]),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
  volumeDevices: z.array(z.looseObject({ name: z.string(), devicePath: z.string() })).default([]),
  resources: z
    .looseObject({
      limits: z.record(z.string(), Quantity).default({}),
      requests: z.record(z.string(), Quantity).default({}),
      claims: z.array(z.looseObject({ name: z.string() })).default([]),
    })
    .optional(),
});
type Container = z.infer<typeof Container>;

const Annotations = z.record(z.string(), z.string()).default({});

const Pod = z.looseObject({
  restartPolicy: z.string().optional(),
  hostNetwork: z.boolean().default(false),
  dnsPolicy: z.string().optional(),
  dnsConfig: z.looseObject({ nameservers: z.array(z.string()).default([]) }).optional(),
  containers: z.array(Container),
  initContainers: z.array(Container).default([]),
  volumes: z.array(z.looseObject({ name: z.string() })).default([]),
  resourceClaims: z.array(z.looseObject({ name: z.string() })).default([]),
});
type Pod = z.infer<typeof Pod>;

const FailureRule = z.looseObject({
  action: z.string(),
  onExitCodes: z.looseObject({ containerName: z.string().optional() }).optional(),
});

/** Those parts of a Job, its shape checked already, that rules below look at together. */
const CheckedJob = z.looseObject({
  metadata: z.looseObject({ annotations: Annotations }),
  spec: z.looseObject({
    completions: z.number().optional(),
    completionMode: z.string().default("NonIndexed"),
    backoffLimitPerIndex: z.number().optional(),
    maxFailedIndexes: z.number().optional(),
    successPolicy: z
      .looseObject({ rules: z.array(z.looseObject({ succeededCount: z.number().optional() })) })
      .optional(),
    podFailurePolicy: z.looseObject({ rules: z.array(FailureRule) }).optional(),
    template: z.looseObject({ metadata: z.looseObject({ annotations: Annotations }).prefault({}), spec: Pod }),
  }),
});
type CheckedJob = z.infer<typeof CheckedJob>;

const POD: Path = ["spec", "template", "spec"];

type Rule = (job: CheckedJob) => JobProblem | null;

/**
 * What the API server asks of a Job's parts together, and what is ours: names unique, mounts and claims known, policies that
 * fit each other, the container `main` there and the `WATCHBELL_…` variables not set. Null where all holds.
 */
export function jobRulesProblem(job: JsonObject): JobProblem | null {
  const checked = CheckedJob.parse(job);
  for (const rule of RULES) {
    const problem = rule(checked);
    if (problem !== null) return problem;
  }
  return null;
}

function firstOf<Item>(items: readonly Item[], problemOf: (item: Item, index: number) => JobProblem | null) {
  for (const [index, item] of items.entries()) {
    const problem = problemOf(item, index);
    if (problem !== null) return problem;
  }
  return null;
}

/** The first name that was there before. */
function repeated(names: readonly string[], pathOf: (index: number) => Path): JobProblem | null {
  return firstOf(names, (name, index) =>
    name !== "" && names.indexOf(name) < index ? { path: pathOf(index), problem: "is there twice" } : null,
  );
}

type Placed = { container: Container; path: Path; isInit: boolean };

function containersOf(pod: Pod): Placed[] {
  const placed = (list: string, isInit: boolean) => (container: Container, index: number) => ({
    container,
    path: [...POD, list, index],
    isInit,
  });
  return [
    ...pod.containers.map(placed("containers", false)),
    ...pod.initContainers.map(placed("initContainers", true)),
  ];
}

const annotationsFit: Rule = (job) => {
  const places: [Record<string, string>, Path][] = [
    [job.metadata.annotations, ["metadata", "annotations"]],
    [job.spec.template.metadata.annotations, ["spec", "template", "metadata", "annotations"]],
  ];
  return firstOf(places, ([annotations, path]) => {
    const bytes = new TextEncoder().encode(Object.entries(annotations).flat().join("")).length;
    if (bytes <= MAX_ANNOTATION_BYTES) return null;
    return { path, problem: `come to ${bytes} bytes, and may have ${MAX_ANNOTATION_BYTES} with ours and the job's` };
  });
};

const restartsAreBounded: Rule = ({ spec }) =>
  spec.template.spec.restartPolicy === undefined
    ? { path: [...POD, "restartPolicy"], problem: "must be Never or OnFailure" }
    : null;

const mainIsThere: Rule = ({ spec }) => {
  if (spec.template.spec.containers.some(({ name }) => name === "main")) return null;
  return { path: [...POD, "containers"], problem: "must still have the container main" };
};

const containersAreSound: Rule = ({ spec }) => {
  const placed = containersOf(spec.template.spec);
  const names = placed.map(({ container }) => container.name);
  return (
    repeated(names, (index) => [...(placed[index]?.path ?? POD), "name"]) ??
    firstOf(placed, (one) => containerProblem(one, spec.template.spec))
  );
};

function containerProblem({ container, path, isInit }: Placed, pod: Pod): JobProblem | null {
  if (container.image === undefined) return { path: [...path, "image"], problem: "is missing" };
  const ours = container.env.findIndex(({ name }) => OWN_ENV_NAMES.includes(name));
  if (ours !== -1) return { path: [...path, "env", ours, "name"], problem: "is a variable that Watchbell sets itself" };
  return (
    mountProblem(container, path, pod) ??
    portProblem(container, path, pod) ??
    resourceProblem(container, path, pod) ??
    (isInit ? initProblem(container, path) : null)
  );
}

function mountProblem(container: Container, path: Path, pod: Pod): JobProblem | null {
  const volumes = pod.volumes.map(({ name }) => name);
  const unknown = (list: string) => (one: { name: string }, index: number) =>
    volumes.includes(one.name) ? null : { path: [...path, list, index, "name"], problem: "is no volume of the pod" };
  const paths = container.volumeMounts.map(({ mountPath }) => mountPath);
  return (
    firstOf(container.volumeMounts, unknown("volumeMounts")) ??
    firstOf(container.volumeDevices, unknown("volumeDevices")) ??
    repeated(paths, (index) => [...path, "volumeMounts", index, "mountPath"])
  );
}

function portProblem(container: Container, path: Path, pod: Pod): JobProblem | null {
  const names = container.ports.map(({ name }) => name);
  const twice = repeated(names, (index) => [...path, "ports", index, "name"]);
  if (twice !== null || !pod.hostNetwork) return twice;
  return firstOf(container.ports, ({ containerPort, hostPort }, index) => {
    if (hostPort === undefined || hostPort === containerPort) return null;
    return {
      path: [...path, "ports", index, "hostPort"],
      problem: "must be the containerPort where hostNetwork is true",
    };
  });
}

function resourceProblem(container: Container, path: Path, pod: Pod): JobProblem | null {
  for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
    if (quantityValue(container.resources?.requests[name] ?? 0) > quantityValue(limit)) {
      return { path: [...path, "resources", "requests", name], problem: `must be at most the limit, ${limit}` };
    }
  }
  const claims = pod.resourceClaims.map(({ name }) => name);
  return firstOf(container.resources?.claims ?? [], ({ name }, index) =>
    claims.includes(name)
      ? null
      : { path: [...path, "resources", "claims", index, "name"], problem: "is no claim of the pod" },
  );
}

const ONLY_WHILE_RUNNING = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];

function initProblem(container: Container, path: Path): JobProblem | null {
  if (container.restartPolicy === "Always") return null;
  const field = ONLY_WHILE_RUNNING.find((name) => container[name] !== undefined);
  if (field === undefined) return null;
  return { path: [...path, field], problem: "is for init containers with restartPolicy Always only" };
}

const volumesAreUnique: Rule = ({ spec }) => {
  const names = spec.template.spec.volumes.map(({ name }) => name);
  return repeated(names, (index) => [...POD, "volumes", index, "name"]);
};

const dnsIsGiven: Rule = ({ spec }) => {
  const { dnsPolicy, dnsConfig } = spec.template.spec;
  if (dnsPolicy !== "None" || (dnsConfig && dnsConfig.nameservers.length > 0)) return null;
  return { path: [...POD, "dnsConfig"], problem: "must name a nameserver where dnsPolicy is None" };
};

const policiesFit: Rule = ({ spec }) => {
  const isIndexed = spec.completionMode === "Indexed";
  if (isIndexed && spec.completions === undefined) {
    return { path: ["spec", "completions"], problem: "is missing, and an Indexed Job needs it" };
  }
  for (const field of ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"]) {
    if (!isIndexed && spec[field] !== undefined) {
      return { path: ["spec", field], problem: "is for a Job with completionMode Indexed only" };
    }
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    return { path: ["spec", "maxFailedIndexes"], problem: "needs backoffLimitPerIndex" };
  }
  if ((spec.maxFailedIndexes ?? 0) > (spec.completions ?? 0)) {
    return { path: ["spec", "maxFailedIndexes"], problem: "must be at most completions" };
  }
  return null;
};

const failurePolicyFits: Rule = ({ spec }) => {
  if (spec.podFailurePolicy === undefined) return null;
  if (spec.template.spec.restartPolicy !== "Never") {
    return { path: [...POD, "restartPolicy"], problem: "must be Never where there is a podFailurePolicy" };
  }
  const path: Path = ["spec", "podFailurePolicy", "rules"];
  if (spec.podFailurePolicy.rules.length > MAX_POLICY_RULES) {
    return { path, problem: `must have at most ${MAX_POLICY_RULES} items` };
  }
  const names = containersOf(spec.template.spec).map(({ container }) => container.name);
  return firstOf(spec.podFailurePolicy.rules, ({ action, onExitCodes }, index) => {
    if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
      return { path: [...path, index, "action"], problem: "needs backoffLimitPerIndex" };
    }
    const name = onExitCodes?.containerName;
    if (name === undefined || names.includes(name)) return null;
    return { path: [...path, index, "onExitCodes", "containerName"], problem: "is no container of the pod" };
  });
};

const successPolicyFits: Rule = ({ spec }) => {
  const rules = spec.successPolicy?.rules ?? [];
  const path: Path = ["spec", "successPolicy", "rules"];
  if (rules.length > MAX_POLICY_RULES) return { path, problem: `must have at most ${MAX_POLICY_RULES} items` };
  return firstOf(rules, ({ succeededCount }, index) => {
    if ((succeededCount ?? 0) <= (spec.completions ?? 0)) return null;
    return { path: [...path, index, "succeededCount"], problem: "must be at most completions" };
  });
};

const RULES: readonly Rule[] = [
  annotationsFit,
  restartsAreBounded,
  mainIsThere,
  containersAreSound,
  volumesAreUnique,
  dnsIsGiven,
  policiesFit,
  failurePolicyFits,
  successPolicyFits,
];
