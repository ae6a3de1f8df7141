import { wholeSeconds } from "../api/deleting.ts";
import type { Json, JsonObject } from "../api/json.ts";
import type { Container, ContainerStatus, Pod } from "../client/objects.ts";

const reason = "NodeRestarted";

/** The status of a pod whose containers ended with the cluster's process: failed, with a sentence that says so. */
export function lostPodStatus(pod: Pod, nowMs: number): JsonObject {
  const message = "The embedded cluster stopped while this pod ran, and its containers ended with it";
  const now = wholeSeconds(nowMs);
  const condition = (type: string): Json => ({ type, status: "False", reason: "PodFailed", lastTransitionTime: now });
  const statusOf = (known: ContainerStatus[]) => (container: Container) => {
    return lostContainer(
      container,
      known.find((one) => one.name === container.name),
      message,
      now,
    );
  };
  const { initContainerStatuses, containerStatuses } = pod.status;
  return {
    phase: "Failed",
    reason,
    message,
    conditions: [condition("Ready"), condition("ContainersReady")],
    containerStatuses: pod.spec.containers.map(statusOf(containerStatuses)),
    ...(pod.spec.initContainers.length === 0
      ? {}
      : { initContainerStatuses: pod.spec.initContainers.map(statusOf(initContainerStatuses)) }),
  };
}

function lostContainer(
  container: Container,
  status: ContainerStatus | undefined,
  message: string,
  now: string,
): JsonObject {
  const plain = (value: object): Json => JSON.parse(JSON.stringify(value));
  const startedAt = status?.state.running?.startedAt ?? now;
  const ended = { terminated: { exitCode: 137, signal: 9, reason, message, startedAt, finishedAt: now } };
  return {
    name: container.name,
    image: container.image,
    imageID: "",
    ready: false,
    started: false,
    restartCount: status?.restartCount ?? 0,
    // A container that had ended before keeps its own end.
    state: status?.state.terminated === undefined ? ended : plain(status.state),
    lastState: plain(status?.lastState ?? {}),
  };
}
