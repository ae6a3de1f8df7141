import { compareStamps, stampMs } from "./log-stamps.ts";

/** What was seen of a log while its container ran; null: this process has not looked. */
export type Witness = { firstStamp: string } | { emptyAtMs: number } | null;

/** A container that ends sooner than this after its start was looked at by nobody, nor would its log have been rotated. */
const UNSEEN_MS = 15_000;
/** The API server's clock and the node's may be apart by this much. */
const SKEW_MS = 5_000;

const ROTATED = "its beginning was rotated away by the node before it was read";

/**
 * Why a log may lack its beginning; null: it has it, as far as can be told. The log API gives the newest file alone and says
 * nothing of those before it: only what was seen earlier tells that the first line is not the first any more. `startedAt`
 * by the node's clock, `openedAt` (when the stream was opened) by the API server's, epoch ms; null: not known.
 */
export function missingBeginning(log: {
  firstStamp: string;
  startedAt: number | null;
  openedAt: number;
  witness: Witness;
}): string | null {
  const { firstStamp, startedAt, openedAt, witness } = log;
  if (witness !== null) {
    return "firstStamp" in witness && compareStamps(firstStamp, witness.firstStamp) > 0 ? ROTATED : null;
  }
  const firstAt = stampMs(firstStamp);
  const wasEmptyWhenOpened = firstAt >= openedAt - SKEW_MS;
  if (startedAt === null || wasEmptyWhenOpened || firstAt - startedAt <= UNSEEN_MS) return null;
  const seconds = Math.floor((firstAt - startedAt) / 1_000);
  return `its first line was written ${seconds} s after the start, and nobody read it before; what the node rotated away by then is lost`;
}
