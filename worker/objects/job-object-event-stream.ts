/**
 * A comment at least this often. What lies between keeps a connection that speaks every 15 s; that a reader has left shows only
 * when something is written to it, at the second time at the latest (run, workerd 1.20261006), and its relay follows until then.
 */
const KEEP_ALIVE_MS = 5_000;
const KEEP_ALIVE = ": still here\n\n";

/**
 * Texts as a stream of UTF-8, one at a time: the next is made when the reader has taken the last, so that a slow one holds
 * back its own follow and costs the object one text. Silence is broken by comments. `onEnd` follows whatever ended it.
 */
export function eventStream(
  texts: AsyncGenerator<string>,
  { onEnd, onError }: { onEnd: () => void; onError: (error: unknown) => void },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<string>> | null = null;
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      next ??= texts.next();
      try {
        const result = await orSilence(next);
        if (result === "silence") {
          controller.enqueue(encoder.encode(KEEP_ALIVE));
          return;
        }
        next = null;
        if (!result.done) {
          controller.enqueue(encoder.encode(result.value));
          return;
        }
        controller.close();
        // A reader that brought its own buffer is told of the end only so.
        controller.byobRequest?.respond(0);
        onEnd();
      } catch (error) {
        onError(error);
        onEnd();
        controller.error(error);
      }
    },
    cancel() {
      onEnd();
    },
  });
}

async function orSilence<Value>(value: Promise<Value>): Promise<Value | "silence"> {
  const { promise, resolve } = Promise.withResolvers<"silence">();
  const timer = setTimeout(() => resolve("silence"), KEEP_ALIVE_MS);
  try {
    return await Promise.race([value, promise]);
  } finally {
    clearTimeout(timer);
  }
}
