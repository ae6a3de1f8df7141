import { wholeSeconds } from "../api/deleting.ts";
import type { Json, JsonObject } from "../api/json.ts";
import type { Container, ContainerState, Pod } from "../client/objects.ts";
import type { ContainerExit } from "./container-process.ts";

/** What the kubelet knows about one container. */
export type ContainerRecord = {
  container: Container;
  isInit: boolean;
  restartCount: number;
  state: ContainerState;
  lastState: ContainerState;
};

/** Why a pod as a whole ended, where its containers alone do not tell. */
export type PodReason = { reason: string; message: string };

/** The phase that a pod's containers amount to (kubelet's getPhase). */
export function phaseOf(records: ContainerRecord[], policy: Pod["spec"]["restartPolicy"], isOver: boolean): string {
  const main = records.filter((one) => !one.isInit);
  if (isOver) {
    const all = records.every((one) => one.state.terminated?.exitCode === 0);
    return all ? "Succeeded" : "Failed";
  }
  const hasStarted = main.some(
    (one) => one.state.running !== undefined || one.restartCount > 0 || one.state.terminated !== undefined,
  );
  if (!hasStarted) return "Pending";
  const isDone = policy === "Never" && main.every((one) => one.state.terminated !== undefined);
  return isDone ? (main.every((one) => one.state.terminated?.exitCode === 0) ? "Succeeded" : "Failed") : "Running";
}

/** Builds a pod's status for the wire. */
export function podStatusOf(
  records: ContainerRecord[],
  phase: string,
  startTime: string,
  why: PodReason | undefined,
  nowMs: number,
): JsonObject {
  const main = records.filter((one) => !one.isInit);
  const init = records.filter((one) => one.isInit);
  const isInitialized = init.every((one) => one.state.terminated?.exitCode === 0);
  const isReady = phase === "Running" && main.every((one) => one.state.running !== undefined);
  const isDone = phase === "Succeeded" || phase === "Failed";
  const reason = isDone
    ? phase === "Succeeded"
      ? "PodCompleted"
      : "PodFailed"
    : isReady
      ? undefined
      : "ContainersNotReady";
  const condition = (type: string, isTrue: boolean, conditionReason: string | undefined): Json => ({
    type,
    status: isTrue ? "True" : "False",
    lastTransitionTime: wholeSeconds(nowMs),
    ...(conditionReason === undefined ? {} : { reason: conditionReason }),
  });
  return {
    phase,
    startTime,
    hostIP: "127.0.0.1",
    hostIPs: [{ ip: "127.0.0.1" }],
    podIP: "127.0.0.1",
    podIPs: [{ ip: "127.0.0.1" }],
    ...(why === undefined ? {} : why),
    conditions: [
      condition("PodReadyToStartContainers", !isDone, undefined),
      condition("Initialized", isInitialized || isDone, phase === "Succeeded" ? "PodCompleted" : undefined),
      condition("Ready", isReady, reason),
      condition("ContainersReady", isReady, reason),
    ],
    containerStatuses: main.map(containerStatus),
    ...(init.length === 0 ? {} : { initContainerStatuses: init.map(containerStatus) }),
  };
}

function containerStatus(record: ContainerRecord): JsonObject {
  const plain = (state: ContainerState): Json => JSON.parse(JSON.stringify(state));
  const containerID = record.state.terminated?.containerID;
  return {
    name: record.container.name,
    image: record.container.image,
    imageID: "",
    ready: record.state.running !== undefined,
    started: record.state.running !== undefined,
    restartCount: record.restartCount,
    ...(typeof containerID === "string" ? { containerID } : {}),
    state: plain(record.state),
    lastState: plain(record.lastState),
  };
}

/** The state of a container that has ended. */
export function terminatedState(
  exit: ContainerExit,
  startedAtMs: number,
  finishedAtMs: number,
  containerId: string,
): ContainerState {
  return {
    terminated: {
      exitCode: exit.exitCode,
      ...(exit.signal === undefined ? {} : { signal: exit.signal }),
      reason: exit.reason,
      ...(exit.message === "" ? {} : { message: exit.message }),
      startedAt: wholeSeconds(startedAtMs),
      finishedAt: wholeSeconds(finishedAtMs),
      containerID: containerId,
    },
  };
}
