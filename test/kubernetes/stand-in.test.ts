import { runSideBySide } from "./suite/cases.ts";
import { startReal } from "./suite/targets.ts";

runSideBySide("on a real control plane with the embedded cluster's kubelet as its node", "stand-in", () =>
  startReal("stand-in"),
);
