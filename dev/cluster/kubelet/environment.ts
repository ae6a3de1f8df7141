import type { Container, EnvVar, Pod } from "../client/objects.ts";

/** A container's command with its environment, or why it can't be built. */
export type Invocation =
  | { kind: "ready"; command: string; args: string[]; environment: Record<string, string> }
  /** Waits, as on a real node, until somebody fixes the configuration. */
  | { kind: "config-error"; message: string }
  | { kind: "start-error"; message: string };

/** Builds what a container runs: its own environment of PATH, HOSTNAME and its env, never the machine's. */
export function invocationOf(pod: Pod, container: Container, path: string): Invocation {
  const environment: Record<string, string> = { PATH: path, HOSTNAME: pod.metadata.name };
  if (container.envFrom.length > 0)
    return {
      kind: "config-error",
      message: "envFrom is not supported: the embedded cluster has no Secrets or ConfigMaps",
    };
  for (const variable of container.env) {
    const value = variableValue(pod, variable, environment);
    if (value.kind === "error") return { kind: "config-error", message: value.message };
    if (value.kind === "value") environment[variable.name] = value.value;
  }
  const [command, ...args] = [...container.command, ...container.args].map((part) => expand(part, environment));
  if (container.command.length === 0 || command === undefined) {
    const message = `no command: the embedded cluster has no images, so it can't know the entrypoint of "${container.image}"; give container "${container.name}" a command`;
    return { kind: "start-error", message };
  }
  return { kind: "ready", command, args, environment };
}

type Value = { kind: "value"; value: string } | { kind: "absent" } | { kind: "error"; message: string };

function variableValue(pod: Pod, variable: EnvVar, known: Record<string, string>): Value {
  const source = variable.valueFrom;
  if (source === undefined) return { kind: "value", value: expand(variable.value ?? "", known) };
  if (source.fieldRef !== undefined) return fieldValue(pod, source.fieldRef.fieldPath);
  const missing = source.secretKeyRef ?? source.configMapKeyRef;
  if (missing?.optional === true) return { kind: "absent" };
  const kind = source.secretKeyRef === undefined ? "configmap" : "secret";
  if (missing === undefined) return { kind: "error", message: `env ${variable.name}: this valueFrom is not supported` };
  return { kind: "error", message: `${kind} "${missing.name ?? ""}" not found` };
}

function fieldValue(pod: Pod, path: string): Value {
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (keyed !== null) {
    const map = keyed[1] === "labels" ? pod.metadata.labels : pod.metadata.annotations;
    return { kind: "value", value: map[keyed[2] ?? ""] ?? "" };
  }
  switch (path) {
    case "metadata.name":
      return { kind: "value", value: pod.metadata.name };
    case "metadata.namespace":
      return { kind: "value", value: pod.metadata.namespace };
    case "metadata.uid":
      return { kind: "value", value: pod.metadata.uid };
    case "spec.nodeName":
      return { kind: "value", value: pod.spec.nodeName ?? "" };
    case "status.podIP":
    case "status.hostIP":
      return { kind: "value", value: "127.0.0.1" };
    default:
      return { kind: "error", message: `fieldPath "${path}" is not supported` };
  }
}

/** Replaces $(NAME) by what is known, keeps $(UNKNOWN), and turns $$ into $ (third_party/forked/golang/expansion). */
function expand(text: string, known: Record<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole: string, name: string | undefined) => {
    if (whole === "$$") return "$";
    return name === undefined ? whole : (known[name] ?? whole);
  });
}

/**
 * The entries by which a process of this container is known wherever it went; empty where they would not be unmistakable:
 * containers of one pod have them in common, and one that ends must not take the others with it.
 */
export function markersOf(pod: Pod, environment: Record<string, string>): string[] {
  const job = environment.WATCHBELL_JOB_ID;
  if (job === undefined || pod.spec.containers.length > 1) return [];
  return [`HOSTNAME=${environment.HOSTNAME ?? ""}`, `WATCHBELL_JOB_ID=${job}`];
}
