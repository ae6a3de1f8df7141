/** A patch of the pod's spec. */
export function pod(spec: Record<string, unknown>) {
  return { spec: { template: { spec } } };
}

/** A patch that gives `main` these fields, and the pod whatever stands beside. */
export function main(fields: Record<string, unknown>, besides: Record<string, unknown> = {}) {
  return pod({ containers: [{ name: "main", ...fields }], ...besides });
}

/** A patch of the Job's spec. */
export function job(spec: Record<string, unknown>) {
  return { spec };
}

const SIDECAR = { name: "sidecar", image: "busybox", command: ["sleep", "60"] };
const INDEXED = { completionMode: "Indexed", completions: 3 };

/** Patches that platform teams need; a real API server takes each of them (test/kubernetes). */
export const TAKEN: [string, unknown][] = [
  ["nothing", {}],
  ["a longer grace", pod({ terminationGracePeriodSeconds: 60 })],
  [
    "resources of main",
    main({ resources: { requests: { cpu: "250m", memory: "64Mi" }, limits: { cpu: 1, memory: "1Gi" } } }),
  ],
  ["an extended resource", main({ resources: { limits: { "example.com/gpu": "1" } } })],
  ["a service account", pod({ serviceAccountName: "default", automountServiceAccountToken: false })],
  ["a node selector", pod({ nodeSelector: { "kubernetes.io/os": "linux", disk: "" } })],
  [
    "tolerations",
    pod({
      tolerations: [
        { operator: "Exists" },
        { key: "spot", value: "yes", effect: "NoSchedule" },
        { key: "gone", operator: "Exists", effect: "NoExecute", tolerationSeconds: 30 },
      ],
    }),
  ],
  [
    "volumes",
    main(
      {
        volumeMounts: [
          { name: "scratch", mountPath: "/scratch" },
          { name: "conf", mountPath: "/etc/conf", readOnly: true },
          { name: "all", mountPath: "/all", subPath: "a/b" },
        ],
      },
      {
        volumes: [
          { name: "scratch", emptyDir: { sizeLimit: "1Gi", medium: "Memory" } },
          { name: "conf", configMap: { name: "conf", items: [{ key: "a.txt", path: "a/a.txt", mode: 0o440 }] } },
          { name: "key", secret: { secretName: "key", optional: true, defaultMode: 0o400 } },
          { name: "claim", persistentVolumeClaim: { claimName: "data" } },
          { name: "all", projected: { sources: [{ secret: { name: "key" } }, { downwardAPI: { items: [] } }] } },
          { name: "bare" },
        ],
      },
    ),
  ],
  ["another container", pod({ containers: [{ name: "main" }, SIDECAR] })],
  [
    "init containers, one of them a sidecar",
    pod({
      initContainers: [
        { name: "fetch", image: "busybox", command: ["true"] },
        { name: "proxy", image: "busybox", restartPolicy: "Always", startupProbe: { tcpSocket: { port: 80 } } },
      ],
    }),
  ],
  [
    "envs from elsewhere",
    main({
      env: [
        { name: "A", value: "1" },
        { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
        { name: "C", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
      ],
      envFrom: [{ prefix: "DB_", secretRef: { name: "db", optional: true } }, { configMapRef: { name: "conf" } }],
    }),
  ],
  ["ports", main({ ports: [{ name: "http", containerPort: 8_080, protocol: "TCP" }, { containerPort: 53 }] })],
  [
    "probes and hooks",
    main({
      livenessProbe: { exec: { command: ["true"] }, periodSeconds: 5 },
      readinessProbe: { httpGet: { path: "/", port: "http" } },
      lifecycle: { preStop: { sleep: { seconds: 1 } } },
      ports: [{ name: "http", containerPort: 80 }],
    }),
  ],
  [
    "security contexts",
    main(
      { securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, runAsUser: 0 } },
      { securityContext: { runAsNonRoot: true, fsGroup: 1_000, seccompProfile: { type: "RuntimeDefault" } } },
    ),
  ],
  [
    "affinity and spread",
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["a", "b"] }] }],
          },
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 10,
              podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { a: "b" } } },
            },
          ],
        },
      },
      topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" }],
    }),
  ],
  ["labels and annotations", { metadata: { labels: { team: "a" }, annotations: { "Example.com/x": "any text" } } }],
  ["a pod's own annotations", { spec: { template: { metadata: { labels: { a: "b" }, annotations: { c: "d" } } } } }],
  ["no annotations of the pod", { spec: { template: { metadata: { annotations: null } } } }],
  ["no deadline and no completions", job({ activeDeadlineSeconds: null, completions: null, parallelism: 2 })],
  [
    "policies of an Indexed job",
    job({
      ...INDEXED,
      backoffLimitPerIndex: 1,
      maxFailedIndexes: 2,
      successPolicy: { rules: [{ succeededCount: 2 }] },
    }),
  ],
  [
    "a failure policy",
    job({
      podFailurePolicy: {
        rules: [
          { action: "FailJob", onExitCodes: { containerName: "main", operator: "In", values: [1, 42] } },
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
        ],
      },
    }),
  ],
  ["another restart policy", pod({ restartPolicy: "OnFailure" })],
  ["a null in a list, which is as good as absent", main({ command: null, resources: null, ports: null })],
  ["empty texts that mean nothing", pod({ serviceAccountName: "", hostname: "", nodeName: "" })],
];

/** Patches whose Job a real API server refuses too (test/kubernetes), and what the sentence must name. */
export const REFUSED_BY_KUBERNETES: [string, unknown, string[]][] = [
  ["a field nobody knows", pod({ tolerationz: [] }), ["spec.template.spec.tolerationz", "no field"]],
  ["a field at the wrong place", job({ restartPolicy: "Never" }), ["spec.restartPolicy", "no field"]],
  ["a list where an object must be", pod({ nodeSelector: [] }), ["spec.template.spec.nodeSelector", "object"]],
  ["an object where a list must be", pod({ tolerations: {} }), ["spec.template.spec.tolerations", "array"]],
  ["a number as text", pod({ terminationGracePeriodSeconds: "30" }), ['terminationGracePeriodSeconds "30"', "number"]],
  ["a fraction", job({ backoffLimit: 1.5 }), ["spec.backoffLimit 1.5", "whole number"]],
  ["a number beyond 32 bits", job({ parallelism: 2 ** 31 }), ["spec.parallelism 2147483648", "32 bits"]],
  ["text as a switch", pod({ hostNetwork: "yes" }), ['spec.template.spec.hostNetwork "yes"', "true or false"]],
  ["a null in a list of objects", pod({ containers: [{ name: "main" }, null] }), ["containers[1] null", "object"]],
  ["no restart policy", pod({ restartPolicy: null }), ["spec.template.spec.restartPolicy", "Never or OnFailure"]],
  ["restarts without end", pod({ restartPolicy: "Always" }), ['restartPolicy "Always"', "Never or OnFailure"]],
  ["no containers", pod({ containers: [] }), ["spec.template.spec.containers", "one item"]],
  [
    "a container without a name",
    pod({ containers: [{ name: "main" }, { image: "a" }] }),
    ["containers[1].name", "missing"],
  ],
  [
    "a container's name that is none",
    pod({ containers: [{ name: "main" }, { ...SIDECAR, name: "A" }] }),
    ['containers[1].name "A"', "DNS label"],
  ],
  [
    "two containers of one name",
    pod({ containers: [{ name: "main" }, SIDECAR, SIDECAR] }),
    ['containers[2].name "sidecar"', "twice"],
  ],
  [
    "an init container named as a container",
    pod({ initContainers: [{ ...SIDECAR, name: "main" }] }),
    ['initContainers[0].name "main"', "twice"],
  ],
  [
    "a container without an image",
    pod({ containers: [{ name: "main" }, { name: "b" }] }),
    ["containers[1].image", "missing"],
  ],
  [
    "a probe of an init container",
    pod({ initContainers: [{ ...SIDECAR, livenessProbe: { exec: { command: ["a"] } } }] }),
    ["initContainers[0].livenessProbe"],
  ],
  ["a pull policy that is none", main({ imagePullPolicy: "Sometimes" }), ['imagePullPolicy "Sometimes"']],
  [
    "a quantity that is none",
    main({ resources: { limits: { cpu: "1 core" } } }),
    ['containers[0].resources.limits.cpu "1 core"', "quantity"],
  ],
  [
    "a negative quantity",
    main({ resources: { requests: { memory: "-1Mi" } } }),
    ['requests.memory "-1Mi"', "quantity"],
  ],
  [
    "a resource that is none",
    main({ resources: { limits: { gpu: "1" } } }),
    ["resources.limits.gpu", "extended resource"],
  ],
  [
    "more requested than allowed",
    main({ resources: { limits: { memory: "1Mi" }, requests: { memory: "1.5Mi" } } }),
    ['requests.memory "1.5Mi"', "at most the limit, 1Mi"],
  ],
  ["a claim nobody makes", main({ resources: { claims: [{ name: "gpu" }] } }), ['claims[0].name "gpu"']],
  [
    "a mount of no volume",
    main({ volumeMounts: [{ name: "x", mountPath: "/x" }] }),
    ['volumeMounts[0].name "x"', "no volume"],
  ],
  [
    "a mount without a path",
    main({ volumeMounts: [{ name: "x" }] }, { volumes: [{ name: "x", emptyDir: {} }] }),
    ["volumeMounts[0].mountPath", "missing"],
  ],
  [
    "two mounts at one path",
    main(
      {
        volumeMounts: [
          { name: "x", mountPath: "/x" },
          { name: "x", mountPath: "/x" },
        ],
      },
      { volumes: [{ name: "x", emptyDir: {} }] },
    ),
    ['volumeMounts[1].mountPath "/x"', "twice"],
  ],
  [
    "a path that climbs out",
    main(
      { volumeMounts: [{ name: "x", mountPath: "/x", subPath: "../a" }] },
      { volumes: [{ name: "x", emptyDir: {} }] },
    ),
    ['subPath "../a"', ".."],
  ],
  [
    "two volumes of one name",
    pod({
      volumes: [
        { name: "x", emptyDir: {} },
        { name: "x", emptyDir: {} },
      ],
    }),
    ['volumes[1].name "x"', "twice"],
  ],
  [
    "a volume's name that is none",
    pod({ volumes: [{ name: "x_y", emptyDir: {} }] }),
    ['volumes[0].name "x_y"', "DNS label"],
  ],
  [
    "a volume of two kinds",
    pod({ volumes: [{ name: "x", emptyDir: {}, secret: { secretName: "s" } }] }),
    ["volumes[0]", "emptyDir and secret"],
  ],
  [
    "a file mode that is none",
    pod({ volumes: [{ name: "x", secret: { secretName: "s", defaultMode: 512 } }] }),
    ["defaultMode 512"],
  ],
  [
    "a port that is none",
    main({ ports: [{ containerPort: 70_000 }] }),
    ["ports[0].containerPort 70000", "from 1 to 65535"],
  ],
  ["port 0", main({ ports: [{ containerPort: 0 }] }), ["ports[0].containerPort 0"]],
  [
    "a port's name that is none",
    main({ ports: [{ containerPort: 1, name: "much-too-long-a-name" }] }),
    ["ports[0].name"],
  ],
  [
    "two ports of one name",
    main({
      ports: [
        { containerPort: 1, name: "a" },
        { containerPort: 2, name: "a" },
      ],
    }),
    ['ports[1].name "a"', "twice"],
  ],
  ["a protocol that is none", main({ ports: [{ containerPort: 1, protocol: "tcp" }] }), ['protocol "tcp"', "TCP"]],
  ["a variable's name that is none", main({ env: [{ name: "A=B" }] }), ['env[0].name "A=B"']],
  [
    "a variable with value and source",
    main({ env: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
    ["env[0]", "both"],
  ],
  ["a variable from nowhere", main({ env: [{ name: "A", valueFrom: {} }] }), ["env[0].valueFrom", "no source"]],
  ["variables from nowhere", main({ envFrom: [{ prefix: "A" }] }), ["envFrom[0]", "no source"]],
  [
    "a probe of two kinds",
    main({ livenessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 1 } } }),
    ["livenessProbe", "exactly one"],
  ],
  ["a probe that does nothing", main({ startupProbe: { periodSeconds: 1 } }), ["startupProbe", "exactly one"]],
  ["a toleration without key", pod({ tolerations: [{ value: "x" }] }), ["tolerations[0]", "no key"]],
  ["a toleration of an odd effect", pod({ tolerations: [{ key: "a", effect: "Evict" }] }), ['effect "Evict"']],
  [
    "a toleration's seconds without NoExecute",
    pod({ tolerations: [{ key: "a", tolerationSeconds: 1 }] }),
    ["NoExecute"],
  ],
  ["a node selector's value that is none", pod({ nodeSelector: { a: "b c" } }), ['nodeSelector.a "b c"']],
  ["a node selector's key that is none", pod({ nodeSelector: { "a b": "c" } }), ['nodeSelector["a b"]']],
  [
    "a service account's name that is none",
    pod({ serviceAccountName: "A" }),
    ['serviceAccountName "A"', "DNS subdomain"],
  ],
  ["a host name with a dot", pod({ hostname: "a.b" }), ['hostname "a.b"']],
  ["a DNS policy that is none", pod({ dnsPolicy: "Host" }), ['dnsPolicy "Host"']],
  ["no name server where it must", pod({ dnsPolicy: "None" }), ["dnsConfig", "nameserver"]],
  ["a negative user", pod({ securityContext: { runAsUser: -1 } }), ["securityContext.runAsUser -1"]],
  [
    "a spread that is none",
    pod({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: "z", whenUnsatisfiable: "DoNotSchedule" }] }),
    ["maxSkew 0"],
  ],
  [
    "a spread that misses a field",
    pod({ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "z" }] }),
    ["whenUnsatisfiable", "missing"],
  ],
  ["ephemeral containers", pod({ ephemeralContainers: [{ name: "e", image: "a" }] }), ["ephemeralContainers"]],
  [
    "a host's port that differs on the host's network",
    main({ ports: [{ containerPort: 1, hostPort: 2 }] }, { hostNetwork: true }),
    ["hostPort 2"],
  ],
  ["a negative back-off", job({ backoffLimit: -1 }), ["spec.backoffLimit -1"]],
  ["a completion mode that is none", job({ completionMode: "indexed" }), ['completionMode "indexed"']],
  [
    "an Indexed job without completions",
    job({ completionMode: "Indexed", completions: null }),
    ["spec.completions", "Indexed"],
  ],
  ["an Indexed job's limit on another", job({ backoffLimitPerIndex: 1 }), ["spec.backoffLimitPerIndex 1", "Indexed"]],
  [
    "a success policy on another job",
    job({ successPolicy: { rules: [{ succeededCount: 1 }] } }),
    ["spec.successPolicy", "Indexed"],
  ],
  [
    "more successes than completions",
    job({ ...INDEXED, successPolicy: { rules: [{ succeededCount: 4 }] } }),
    ["succeededCount 4", "completions"],
  ],
  [
    "failed indexes without their limit",
    job({ ...INDEXED, maxFailedIndexes: 1 }),
    ["spec.maxFailedIndexes 1", "backoffLimitPerIndex"],
  ],
  [
    "a failure policy with restarts",
    { spec: { podFailurePolicy: { rules: [] }, template: { spec: { restartPolicy: "OnFailure" } } } },
    ['restartPolicy "OnFailure"', "podFailurePolicy"],
  ],
  [
    "exit code 0",
    job({ podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [0] } }] } }),
    ["values", "0"],
  ],
  [
    "exit codes out of order",
    job({ podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: { operator: "In", values: [2, 1] } }] } }),
    ["values", "order"],
  ],
  [
    "a rule about no container",
    job({
      podFailurePolicy: {
        rules: [{ action: "FailJob", onExitCodes: { containerName: "x", operator: "In", values: [1] } }],
      },
    }),
    ['containerName "x"'],
  ],
  [
    "a rule without a condition",
    job({ podFailurePolicy: { rules: [{ action: "Ignore" }] } }),
    ["rules[0]", "exactly one"],
  ],
  [
    "an index that can't fail alone",
    job({ podFailurePolicy: { rules: [{ action: "FailIndex", onExitCodes: { operator: "In", values: [1] } }] } }),
    ['action "FailIndex"'],
  ],
  ["a label's value that is none", { metadata: { labels: { team: "a b" } } }, ['metadata.labels.team "a b"']],
  [
    "a label's key that is none",
    { spec: { template: { metadata: { labels: { "a b": "c" } } } } },
    ['template.metadata.labels["a b"]'],
  ],
  ["an annotation's key that is none", { metadata: { annotations: { "a b": "c" } } }, ['metadata.annotations["a b"]']],
  ["an annotation that is a number", { metadata: { annotations: { a: 1 } } }, ["metadata.annotations.a", "text"]],
];

const OURS = "not the caller's to set";

/** Patches of what is Watchbell's own, or is refused for its users' sake. */
export const REFUSED_BY_US: [string, unknown, string[]][] = [
  ["a list", [], ["job_patch", "JSON object"]],
  ["null", null, ["job_patch", "JSON object"]],
  ["another version", { apiVersion: "batch/v2" }, ['job_patch.apiVersion "batch/v2"', OURS]],
  ["another kind", { kind: "Pod" }, ['job_patch.kind "Pod"', OURS]],
  ["a status", { status: {} }, ["job_patch.status", OURS]],
  ["a name", { metadata: { name: "x" } }, ['job_patch.metadata.name "x"', OURS]],
  ["a name that is removed", { metadata: { name: null } }, ["job_patch.metadata.name null", OURS]],
  ["a namespace", { metadata: { namespace: "x" } }, ['job_patch.metadata.namespace "x"', OURS]],
  ["a uid", { metadata: { uid: "x" } }, ["job_patch.metadata.uid", OURS]],
  [
    "an owner, which would take the Job with it",
    { metadata: { ownerReferences: [] } },
    ["metadata.ownerReferences", OURS],
  ],
  ["a finalizer, which would hold a delete", { metadata: { finalizers: ["a/b"] } }, ["metadata.finalizers", OURS]],
  [
    "a pod's finalizer",
    { spec: { template: { metadata: { finalizers: ["a/b"] } } } },
    ["template.metadata.finalizers", OURS],
  ],
  ["no metadata", { metadata: null }, ["job_patch.metadata null", "JSON object"]],
  ["no labels", { metadata: { labels: null } }, ["job_patch.metadata.labels null", "JSON object"]],
  ["no labels of the pod", { spec: { template: { metadata: { labels: null } } } }, ["template.metadata.labels null"]],
  ["no annotations", { metadata: { annotations: null } }, ["job_patch.metadata.annotations null"]],
  ["no spec", { spec: null }, ["job_patch.spec null", "JSON object"]],
  ["no template", { spec: { template: null } }, ["job_patch.spec.template null", "JSON object"]],
  ["no pod", { spec: { template: { spec: null } } }, ["job_patch.spec.template.spec null", "JSON object"]],
  ["a spec that is text", { spec: "x" }, ['job_patch.spec "x"', "JSON object"]],
  ...["job_from", "watchbell_cluster", "job_id", "job_name", "job_type", "batch.kubernetes.io/job-name"].flatMap(
    (label): [string, unknown, string[]][] => [
      [`the label ${label}`, { metadata: { labels: { [label]: "x" } } }, ["metadata.labels", label, '"x"', OURS]],
      [
        `the pod's label ${label}`,
        { spec: { template: { metadata: { labels: { [label]: null } } } } },
        ["spec.template.metadata.labels", label, "null", OURS],
      ],
    ],
  ),
  ["an annotation of ours", { metadata: { annotations: { "watchbell.dev/run": "7" } } }, ["watchbell.dev/run", OURS]],
  ["one of a later release", { metadata: { annotations: { "watchbell.dev/new": null } } }, ["watchbell.dev/new", OURS]],
  ["a TTL", job({ ttlSecondsAfterFinished: 5 }), ["job_patch.spec.ttlSecondsAfterFinished 5", OURS]],
  ["when pods are replaced", job({ podReplacementPolicy: "Failed" }), ['spec.podReplacementPolicy "Failed"', OURS]],
  ["a suspension", job({ suspend: true }), ["job_patch.spec.suspend true", OURS]],
  ["another controller", job({ managedBy: "example.com/x" }), ['spec.managedBy "example.com/x"', OURS]],
  ["a selector", job({ selector: {} }), ["job_patch.spec.selector", OURS]],
  ["a selector of one's own", job({ manualSelector: true }), ["job_patch.spec.manualSelector true", OURS]],
  ["no container main", pod({ containers: [SIDECAR] }), ["spec.template.spec.containers", "container main"]],
  [
    "a variable of ours",
    main({ env: [{ name: "WATCHBELL_RUN", value: "1" }] }),
    ['containers[0].env[0].name "WATCHBELL_RUN"'],
  ],
  [
    "a variable of ours in an init container",
    pod({ initContainers: [{ ...SIDECAR, env: [{ name: "WATCHBELL_JOB_ID" }] }] }),
    ['initContainers[0].env[0].name "WATCHBELL_JOB_ID"'],
  ],
  ["no parallelism", job({ parallelism: 0 }), ["spec.parallelism 0", "from 1"]],
  ["no completions", job({ completions: 0 }), ["spec.completions 0", "from 1"]],
  ["a deadline of 0", job({ activeDeadlineSeconds: 0 }), ["spec.activeDeadlineSeconds 0"]],
  ["a NUL", main({ args: ["a\0"] }), ["containers[0].args[0]", "NUL"]],
  ["half a surrogate pair", { metadata: { annotations: { a: "\ud800" } } }, ["metadata.annotations.a", "surrogate"]],
  ["the prototype", JSON.parse('{"spec":{"template":{"spec":{"__proto__":{"a":1}}}}}'), ["__proto__", "no field"]],
  ["a nest", { spec: JSON.parse(`${'{"a":'.repeat(41)}1${"}".repeat(41)}`) }, ["job_patch", "40 levels"]],
  [
    "too many annotations with ours",
    { metadata: { annotations: { a: "x".repeat(256 * 1024 - 60) } } },
    ["metadata.annotations", "262144"],
  ],
  [
    "an Indexed job whose longest name is too long",
    job({ completionMode: "Indexed", completions: 100_000 }),
    ["job_name", "too long", "100000"],
  ],
];
