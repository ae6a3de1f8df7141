/** The typed client of a Watchbell API: `import { watchbell } from "watchbell/client"`. */
export type { ApiCalls, DescribedOnceJob, LogRow, OnceJob, Run } from "./api-types.ts";
export type { FollowEvent, FollowFields, FollowOptions } from "./follow.ts";
export {
  type Answer,
  type CallOptions,
  type Data,
  type Fields,
  type Watchbell,
  type WatchbellOptions,
  watchbell,
} from "./watchbell.ts";
export { WatchbellError } from "./watchbell-error.ts";
