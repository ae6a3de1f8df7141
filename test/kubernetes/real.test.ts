import { runSuite } from "./suite/cases.ts";
import { startReal } from "./suite/targets.ts";

runSuite("on a real control plane with a real kubelet and containerd", "real", () => startReal("real"));
