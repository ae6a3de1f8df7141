import { OUTAGES, runOneByOne } from "./suite/cases.ts";
import { startReal } from "./suite/targets.ts";

runOneByOne("on a real control plane with a real kubelet and containerd", "real", () => startReal("real"), OUTAGES);
