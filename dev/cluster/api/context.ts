import { randomBytes, randomUUID } from "node:crypto";
import { wholeSeconds } from "./deleting.ts";
import type { Store } from "./store.ts";
import type { WatchStreams } from "./watch-streams.ts";
import type { WriteContext } from "./writing.ts";

/** What handlers work with. */
export type ApiContext = {
  store: Store;
  watches: WatchStreams;
  /** How the API server reaches a kubelet for logs. */
  kubelet: { ca: string; token: string };
  /** This server's clock, epoch ms. */
  now: () => number;
};

/** The letters of a generated name: no vowels, so that no words appear (apimachinery rand.String). */
const nameLetters = "bcdfghjklmnpqrstvwxz2456789";

/** Draws what one write needs from the clock and the random source. */
export function writeContext(context: ApiContext): WriteContext {
  let nameTail = "";
  for (const byte of randomBytes(5)) nameTail += nameLetters[byte % nameLetters.length];
  return { now: wholeSeconds(context.now()), uid: randomUUID(), nameTail };
}
