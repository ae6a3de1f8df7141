import { z } from "zod";
import {
  configKeyProblem,
  dnsSubdomainProblem,
  envNameProblem,
  labelKeyProblem,
  textProblem,
} from "./kubernetes-rules.ts";

/** Set by us in every container (contract, part 3). */
export const OWN_ENV_NAMES: readonly string[] = ["WATCHBELL_JOB_ID", "WATCHBELL_RUN", "WATCHBELL_SLOT_AT"];

const FIELD_PATHS = [
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
  "spec.nodeName",
  "spec.serviceAccountName",
  "status.hostIP",
  "status.hostIPs",
  "status.podIP",
  "status.podIPs",
];
const SUBSCRIPTED_FIELD_PATH = /^metadata\.(?:labels|annotations)\['([^']*)'\]$/;
const RESOURCE = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-[A-Za-z0-9]+)$/;
const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

function ruled(problemOf: (value: string) => string | null) {
  return z.string().superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== null) context.addIssue({ code: "custom", message: problem });
  });
}

function fieldPathProblem(path: string): string | null {
  if (FIELD_PATHS.includes(path)) return null;
  const key = SUBSCRIPTED_FIELD_PATH.exec(path)?.[1];
  if (key !== undefined && labelKeyProblem(key) === null) return null;
  return `must be one of ${FIELD_PATHS.join(", ")}, metadata.labels['<key>'] or metadata.annotations['<key>']`;
}

const KeySelector = z.strictObject({
  name: ruled(dnsSubdomainProblem),
  key: ruled(configKeyProblem),
  optional: z.boolean().optional(),
});

const ValueFrom = z
  .strictObject({
    secretKeyRef: KeySelector.optional(),
    configMapKeyRef: KeySelector.optional(),
    fieldRef: z
      .strictObject({ fieldPath: ruled(fieldPathProblem), apiVersion: z.literal("v1", "must be v1").optional() })
      .optional(),
    resourceFieldRef: z
      .strictObject({
        resource: z.string().regex(RESOURCE, "must be limits.cpu, limits.memory, requests.cpu or the like"),
        containerName: z.literal("main", "must be main: the container's name").optional(),
        divisor: z.string().regex(QUANTITY, "must be a quantity such as 1Mi").optional(),
      })
      .optional(),
  })
  .refine((source) => Object.values(source).filter((one) => one !== undefined).length === 1, {
    error: "must have exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef",
  });

/** A Kubernetes EnvVar; `value` and `valueFrom` exclude each other. */
const EnvVarSchema = z
  .strictObject({
    name: ruled(envNameProblem),
    value: ruled(textProblem).optional(),
    valueFrom: ValueFrom.optional(),
  })
  .refine((variable) => !variable.value || variable.valueFrom === undefined, {
    error: "must not have both value and valueFrom",
  });

/** A container's environment variable, as Kubernetes takes it. */
export type EnvVar = z.infer<typeof EnvVarSchema>;

const EnvVarList = z.array(EnvVarSchema);
const EnvMap = z.record(z.string(), z.string());

/** Variables in the caller's order, or a sentence's end that names the variable; values are never part of it. */
export type ParsedEnvs = { variables: EnvVar[] } | { problem: string };

/** Reads `envs`: a JSON object of strings, or an array of Kubernetes EnvVar. */
export function parseEnvs(value: unknown): ParsedEnvs {
  const variables = Array.isArray(value) ? EnvVarList.safeParse(value) : EnvMap.transform(toList).safeParse(value);
  if (!variables.success) return { problem: envsProblem(variables.error.issues[0], value) };
  for (const { name, value: text } of variables.data) {
    const problem = envNameProblem(name) ?? textProblem(text ?? "");
    if (problem !== null) return { problem: `names ${JSON.stringify(name)}, which ${problem}` };
    if (OWN_ENV_NAMES.includes(name)) return { problem: `names ${name}, which Watchbell sets itself` };
  }
  return { variables: variables.data };
}

function toList(map: Record<string, string>): EnvVar[] {
  return Object.entries(map).map(([name, value]) => ({ name, value }));
}

function envsProblem(issue: z.core.$ZodIssue | undefined, value: unknown): string {
  if (!issue || issue.path.length === 0) return "must be a JSON object of strings, or an array of Kubernetes EnvVar";
  if (!Array.isArray(value)) return `has ${JSON.stringify(String(issue.path[0]))}, whose value must be a string`;
  const where = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  if (issue.code === "unrecognized_keys") return `has at ${where} an unknown key ${JSON.stringify(issue.keys[0])}`;
  if (issue.code === "invalid_type") return `has at ${where} something that must be of type ${issue.expected}`;
  return `has at ${where} something that ${issue.message}`;
}
