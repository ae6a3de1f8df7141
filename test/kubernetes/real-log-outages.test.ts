import { LOG_OUTAGES, runOneByOne } from "./suite/cases.ts";
import { startReal } from "./suite/targets.ts";

runOneByOne("on a real control plane with a real kubelet and containerd", "real", () => startReal("real"), LOG_OUTAGES);
