import { runSideBySide } from "./suite/cases.ts";
import { startEmbedded } from "./suite/targets.ts";

runSideBySide("on the embedded cluster", "embedded", startEmbedded);
