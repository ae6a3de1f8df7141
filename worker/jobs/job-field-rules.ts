import type { JobProblem, Path } from "./job-problem.ts";
import {
  annotationKeyProblem,
  configKeyProblem,
  dnsLabelProblem,
  dnsSubdomainProblem,
  envNameProblem,
  labelKeyProblem,
  labelValueProblem,
  MAX_INT32,
  portNameProblem,
  resourceNameProblem,
} from "./kubernetes-rules.ts";
import type { JsonObject } from "./merge-patch.ts";

/*
 * What the API server asks of single fields and objects of a Job beyond their types (pkg/apis/batch/validation and
 * pkg/apis/core/validation, 1.36): those that people set. What is not here fails the run at its time, reason `invalid`.
 */

/** What is wrong with a value of the right type, as the end of a sentence; null: nothing. */
type ValueRule = (value: unknown) => string | null;
type ObjectRule = (value: JsonObject, path: Path) => JobProblem | null;

function text(problemOf: (text: string) => string | null): ValueRule {
  return (value) => (typeof value === "string" ? problemOf(value) : null);
}

/** As {@link text}, where the API server takes the empty text as absent. */
function optionalText(problemOf: (text: string) => string | null): ValueRule {
  return text((value) => (value === "" ? null : problemOf(value)));
}

function oneOf(...allowed: string[]): ValueRule {
  return (value) => (allowed.some((one) => one === value) ? null : `must be ${allowed.join(" or ")}`);
}

function from(min: number, max: number = MAX_INT32): ValueRule {
  return (value) =>
    typeof value === "number" && value >= min && value <= max ? null : `must be a whole number from ${min} to ${max}`;
}

function eachItem(rule: ValueRule): ValueRule {
  return (value) => (Array.isArray(value) ? (value.map(rule).find((problem) => problem !== null) ?? null) : null);
}

const notEmpty: ValueRule = (value) => (value === "" ? "must not be empty" : null);
const someItems: ValueRule = (value) =>
  Array.isArray(value) && value.length === 0 ? "must have one item at least" : null;
const labelProblem = (value: string) => dnsLabelProblem(value, 63);
const dnsLabel = text(labelProblem);
const subdomain = text(dnsSubdomainProblem);
const labelKey = text(labelKeyProblem);
const portNumber = from(1, 65_535);
const portNumberOrName: ValueRule = (value) => (typeof value === "string" ? portNameProblem(value) : portNumber(value));
const userId = from(0);
const fileMode = from(0, 0o777);

function descendingPathProblem(path: string): string | null {
  if (path.startsWith("/")) return "must be a relative path";
  return path.split("/").includes("..") ? "must not contain '..'" : null;
}

const localPath = text(descendingPathProblem);
const absolutePath = text((path) => (path.startsWith("/") ? null : "must be an absolute path"));
const noParent = text((path) => (path.split("/").includes("..") ? "must not contain '..'" : null));

const PROBE_RULES = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"];

/** Of fields, by type and name. */
export const FIELD_RULES = new Map<string, ValueRule>([
  // As our own metadata keys: a Job of no pods, or without an end, is nothing to wait for.
  ["JobSpec.parallelism", from(1, 100_000)],
  ["JobSpec.completions", from(1, 100_000)],
  ["JobSpec.backoffLimit", from(0)],
  ["JobSpec.backoffLimitPerIndex", from(0)],
  ["JobSpec.maxFailedIndexes", from(0, 100_000)],
  ["JobSpec.activeDeadlineSeconds", from(1)],
  ["JobSpec.completionMode", oneOf("NonIndexed", "Indexed")],
  ["PodFailurePolicyRule.action", oneOf("FailJob", "FailIndex", "Ignore", "Count")],
  ["PodFailurePolicyOnExitCodesRequirement.operator", oneOf("In", "NotIn")],
  ["PodFailurePolicyOnExitCodesRequirement.values", someItems],
  ["PodFailurePolicyOnPodConditionsPattern.type", labelKey],
  ["PodFailurePolicyOnPodConditionsPattern.status", oneOf("True", "False", "Unknown")],
  ["SuccessPolicy.rules", someItems],
  ["PodSpec.restartPolicy", oneOf("Never", "OnFailure")],
  ["PodSpec.terminationGracePeriodSeconds", from(0)],
  ["PodSpec.activeDeadlineSeconds", from(1)],
  ["PodSpec.dnsPolicy", oneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")],
  ["PodSpec.preemptionPolicy", oneOf("Never", "PreemptLowerPriority")],
  ["PodSpec.serviceAccountName", optionalText(dnsSubdomainProblem)],
  ["PodSpec.serviceAccount", optionalText(dnsSubdomainProblem)],
  ["PodSpec.priorityClassName", optionalText(dnsSubdomainProblem)],
  ["PodSpec.runtimeClassName", subdomain],
  ["PodSpec.nodeName", optionalText(dnsSubdomainProblem)],
  ["PodSpec.hostname", optionalText(labelProblem)],
  ["PodSpec.subdomain", optionalText(labelProblem)],
  ["PodSpec.containers", someItems],
  ["PodOS.name", oneOf("linux", "windows")],
  ["LocalObjectReference.name", subdomain],
  ["Container.name", dnsLabel],
  ["Container.image", notEmpty],
  ["Container.imagePullPolicy", oneOf("Always", "IfNotPresent", "Never")],
  ["Container.terminationMessagePolicy", oneOf("File", "FallbackToLogsOnError")],
  ["ContainerPort.containerPort", portNumber],
  ["ContainerPort.hostPort", portNumber],
  ["ContainerPort.protocol", oneOf("TCP", "UDP", "SCTP")],
  ["ContainerPort.name", optionalText(portNameProblem)],
  ["EnvVar.name", text(envNameProblem)],
  ["EnvFromSource.prefix", optionalText(envNameProblem)],
  ["SecretKeySelector.name", subdomain],
  ["SecretKeySelector.key", text(configKeyProblem)],
  ["ConfigMapKeySelector.name", subdomain],
  ["ConfigMapKeySelector.key", text(configKeyProblem)],
  ["SecretEnvSource.name", subdomain],
  ["ConfigMapEnvSource.name", subdomain],
  ["VolumeMount.mountPath", notEmpty],
  ["VolumeMount.subPath", localPath],
  ["VolumeMount.subPathExpr", localPath],
  ["VolumeMount.mountPropagation", oneOf("None", "HostToContainer", "Bidirectional")],
  ["VolumeMount.recursiveReadOnly", oneOf("Disabled", "IfPossible", "Enabled")],
  ["VolumeDevice.devicePath", absolutePath],
  ["Volume.name", dnsLabel],
  ["ConfigMapVolumeSource.name", subdomain],
  ["ConfigMapVolumeSource.defaultMode", fileMode],
  ["SecretVolumeSource.secretName", subdomain],
  ["SecretVolumeSource.defaultMode", fileMode],
  ["KeyToPath.key", text(configKeyProblem)],
  ["KeyToPath.path", localPath],
  ["KeyToPath.mode", fileMode],
  ["PersistentVolumeClaimVolumeSource.claimName", notEmpty],
  ["HostPathVolumeSource.path", noParent],
  [
    "EmptyDirVolumeSource.medium",
    text((medium) => (/^(Memory|HugePages(-.+)?)?$/.test(medium) ? null : "must be empty, Memory or HugePages")),
  ],
  ["NFSVolumeSource.path", absolutePath],
  ["NFSVolumeSource.server", notEmpty],
  ["Toleration.key", optionalText(labelKeyProblem)],
  ["Toleration.operator", oneOf("", "Exists", "Equal", "Lt", "Gt")],
  ["Toleration.effect", oneOf("", "NoSchedule", "PreferNoSchedule", "NoExecute")],
  ["TopologySpreadConstraint.maxSkew", from(1)],
  ["TopologySpreadConstraint.topologyKey", labelKey],
  ["TopologySpreadConstraint.whenUnsatisfiable", oneOf("DoNotSchedule", "ScheduleAnyway")],
  ["NodeSelectorRequirement.operator", oneOf("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")],
  ["LabelSelectorRequirement.operator", oneOf("In", "NotIn", "Exists", "DoesNotExist")],
  ["LabelSelectorRequirement.key", labelKey],
  ["NodeSelector.nodeSelectorTerms", someItems],
  ["PreferredSchedulingTerm.weight", from(1, 100)],
  ["WeightedPodAffinityTerm.weight", from(1, 100)],
  ["PodAffinityTerm.topologyKey", labelKey],
  ["PodAffinityTerm.namespaces", eachItem(dnsLabel)],
  ["SecurityContext.runAsUser", userId],
  ["SecurityContext.runAsGroup", userId],
  ["PodSecurityContext.runAsUser", userId],
  ["PodSecurityContext.runAsGroup", userId],
  ["PodSecurityContext.fsGroup", userId],
  ["PodSecurityContext.supplementalGroups", eachItem(userId)],
  ["SeccompProfile.type", oneOf("RuntimeDefault", "Unconfined", "Localhost")],
  ["HTTPGetAction.port", portNumberOrName],
  ["HTTPGetAction.scheme", oneOf("HTTP", "HTTPS")],
  ["TCPSocketAction.port", portNumberOrName],
  ["GRPCAction.port", portNumber],
  ["ExecAction.command", someItems],
  ["Probe.terminationGracePeriodSeconds", from(1)],
  ...PROBE_RULES.map((name): [string, ValueRule] => [`Probe.${name}`, from(0)]),
]);

/** Of a map's keys and values, by the type and field that hold the map. */
export const MAP_RULES = new Map<string, { key: (key: string) => string | null; value?: ValueRule }>([
  ["ObjectMeta.labels", { key: labelKeyProblem, value: text(labelValueProblem) }],
  ["ObjectMeta.annotations", { key: annotationKeyProblem }],
  ["LabelSelector.matchLabels", { key: labelKeyProblem, value: text(labelValueProblem) }],
  ["PodSpec.nodeSelector", { key: labelKeyProblem, value: text(labelValueProblem) }],
  ["ResourceRequirements.limits", { key: resourceNameProblem }],
  ["ResourceRequirements.requests", { key: resourceNameProblem }],
]);

function present(value: JsonObject, keys: readonly string[]): string[] {
  return keys.filter((key) => value[key] !== undefined);
}

/** At most one of the object's keys, `besides` not counted. */
function atMostOne(...besides: string[]): ObjectRule {
  return (value, path) => {
    const given = Object.keys(value).filter((key) => !besides.includes(key));
    return given.length <= 1 ? null : { path, problem: `must have only one of ${given.join(" and ")}` };
  };
}

/** Exactly one of the object's keys, `besides` not counted. */
function exactlyOne(...besides: string[]): ObjectRule {
  return (value, path) => {
    const isEmpty = Object.keys(value).every((key) => besides.includes(key));
    return isEmpty ? { path, problem: "names no source" } : atMostOne(...besides)(value, path);
  };
}

const HANDLERS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];

const oneHandler: ObjectRule = (value, path) =>
  present(value, HANDLERS).length === 1 ? null : { path, problem: `must have exactly one of ${HANDLERS.join(", ")}` };

const envVar: ObjectRule = (value, path) => {
  if (!value.value || value.valueFrom === undefined) return null;
  return { path, problem: "must not have both value and valueFrom" };
};

const toleration: ObjectRule = ({ key, operator, value, effect, tolerationSeconds }, path) => {
  if (!key && operator !== "Exists") return { path, problem: "has no key, and must then have the operator Exists" };
  if (operator === "Exists" && value) return { path, problem: "must have no value where the operator is Exists" };
  if (tolerationSeconds !== undefined && effect !== "NoExecute") {
    return { path, problem: "must have the effect NoExecute where it has tolerationSeconds" };
  }
  return null;
};

const requirement: ObjectRule = ({ operator, values }, path) => {
  const count = Array.isArray(values) ? values.length : 0;
  if ((operator === "In" || operator === "NotIn") && count === 0) return { path, problem: "must have values" };
  if ((operator === "Exists" || operator === "DoesNotExist") && count > 0) {
    return { path, problem: "must have no values" };
  }
  return null;
};

const exitCodes: ObjectRule = ({ operator, values }, path) => {
  const codes = Array.isArray(values) ? values.map(Number) : [];
  if (operator === "In" && codes.includes(0))
    return { path: [...path, "values"], problem: "must not contain 0 for In" };
  const isRising = codes.every((code, index) => index === 0 || code > (codes[index - 1] ?? code));
  return isRising ? null : { path: [...path, "values"], problem: "must be in order, each once" };
};

const failureRule: ObjectRule = (value, path) => {
  const given = present(value, ["onExitCodes", "onPodConditions"]);
  return given.length === 1 ? null : { path, problem: "must have exactly one of onExitCodes and onPodConditions" };
};

const successRule: ObjectRule = (value, path) => {
  const given = present(value, ["succeededCount", "succeededIndexes"]);
  return given.length > 0 ? null : { path, problem: "must have succeededCount or succeededIndexes" };
};

/** Of objects, by type: what their fields ask of each other. */
export const OBJECT_RULES = new Map<string, ObjectRule>([
  // A volume without a source is an emptyDir.
  ["Volume", atMostOne("name")],
  ["EnvVar", envVar],
  ["EnvVarSource", exactlyOne()],
  ["EnvFromSource", exactlyOne("prefix")],
  ["Toleration", toleration],
  ["NodeSelectorRequirement", requirement],
  ["LabelSelectorRequirement", requirement],
  ["Probe", oneHandler],
  ["LifecycleHandler", oneHandler],
  ["PodFailurePolicyOnExitCodesRequirement", exitCodes],
  ["PodFailurePolicyRule", failureRule],
  ["SuccessPolicyRule", successRule],
]);
