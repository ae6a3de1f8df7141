export { worker as default } from "./app.ts";
export { ClusterObject } from "./objects/cluster-object.ts";
export { JobObject } from "./objects/job-object.ts";
