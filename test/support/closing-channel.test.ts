import { expect, test } from "vitest";
import { ROOT } from "../../dev/start/ready.ts";
import { isClosingChannel } from "./closing-channel.ts";

const message = '[vitest-worker]: Closing rpc while "resolve" was pending';
const errorOf = (said: string, file: string) => Object.assign(new Error(said), { VITEST_TEST_PATH: `${ROOT}/${file}` });

test("a channel that closes while a module is loaded, in a file of test/worker, is nobody's failure", () => {
  expect(isClosingChannel(errorOf(message, "test/worker/objects/job-object.test.ts"))).toBe(true);
});

test.for([
  ["in a file that is not of the Worker", errorOf(message, "test/relay/relay.test.ts")],
  ["in no file", new Error(message)],
  ["while something else was asked", errorOf(message.replace("resolve", "fetch"), "test/worker/env.test.ts")],
  ["as a part of other words", errorOf(`expected ${message}`, "test/worker/env.test.ts")],
  ["as a string", message],
  ["as null", null],
  ["as undefined", undefined],
] as const)("the same %s is a failure", ([, error]) => {
  expect(isClosingChannel(error)).toBe(false);
});
