import { runSuite } from "./suite/cases.ts";
import { startEmbedded } from "./suite/targets.ts";

runSuite("on the embedded cluster", "embedded", startEmbedded);
