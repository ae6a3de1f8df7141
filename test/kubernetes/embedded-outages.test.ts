import { LOG_OUTAGES, OUTAGES, runOneByOne } from "./suite/cases.ts";
import { startEmbedded } from "./suite/targets.ts";

runOneByOne("on the embedded cluster", "embedded", startEmbedded, [...OUTAGES, ...LOG_OUTAGES]);
