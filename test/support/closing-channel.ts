import path from "node:path";
import { z } from "zod";

const WORKER_TESTS = path.resolve(import.meta.dirname, "../worker") + path.sep;

/** What vitest says where one file's channel to it closes while workerd loads a module for an object, and of which file. */
const ClosingChannel = z.looseObject({
  message: z.literal('[vitest-worker]: Closing rpc while "resolve" was pending'),
  VITEST_TEST_PATH: z.string().startsWith(WORKER_TESTS),
});

/**
 * Whether an unhandled error is nobody's failure: objects outlive the file of test/worker that made them, and an alarm of one may
 * ring between two files. It may be anything that can be thrown, a string or null too.
 */
export function isClosingChannel(error: unknown): boolean {
  return ClosingChannel.safeParse(error).success;
}
