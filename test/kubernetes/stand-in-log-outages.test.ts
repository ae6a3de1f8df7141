import { LOG_OUTAGES, runOneByOne } from "./suite/cases.ts";
import { startReal } from "./suite/targets.ts";

runOneByOne(
  "on a real control plane with the embedded cluster's kubelet as its node",
  "stand-in",
  () => startReal("stand-in"),
  LOG_OUTAGES,
);
