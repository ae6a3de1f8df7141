import { afterEach, expect, test, vi } from "vitest";
import { WorkQueue } from "../../../../dev/cluster/controllers/work-queue.ts";

const queues: WorkQueue[] = [];
afterEach(() => {
  for (const queue of queues.splice(0)) queue.stop();
});

function queueOf(work: (key: string) => Promise<{ againInMs: number | undefined }>, concurrency = 2): WorkQueue {
  const queue = new WorkQueue({ work, concurrency, onProblem: () => {} });
  queues.push(queue);
  return queue;
}

test("many events of one key become one more piece of work, never two at once", async () => {
  let running = 0;
  let most = 0;
  let done = 0;
  const queue = queueOf(async () => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    done += 1;
    return { againInMs: undefined };
  });
  for (let i = 0; i < 10; i++) queue.add("a");
  await vi.waitFor(() => expect(done).toBe(2));
  expect(most).toBe(1);
});

test("work that threw is done again", async () => {
  let attempts = 0;
  const queue = queueOf(async () => {
    attempts += 1;
    if (attempts < 3) throw new Error("not yet");
    return { againInMs: undefined };
  });
  queue.add("a");
  await vi.waitFor(() => expect(attempts).toBe(3));
});

test("work that asks for it is woken again", async () => {
  let attempts = 0;
  const queue = queueOf(async () => ({ againInMs: ++attempts < 3 ? 1 : undefined }));
  queue.add("a");
  await vi.waitFor(() => expect(attempts).toBe(3));
});
