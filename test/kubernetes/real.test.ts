import { runSideBySide } from "./suite/cases.ts";
import { startReal } from "./suite/targets.ts";

runSideBySide("on a real control plane with a real kubelet and containerd", "real", () => startReal("real"));
