/** One event of a stream; `id` is that of the last event that had one. */
export type ServerSentEvent = { event: string; data: string; id: string };

/**
 * The events of a `text/event-stream` body, as the HTML standard has them ("interpreting an event stream"). `silenceMs`: a body
 * without a byte for so long, comments included, is broken; it rejects then, and where the body itself breaks off.
 */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let fields = { event: "", data: "", id: "" };
  try {
    for (;;) {
      const { done, value } = await withinSilence(reader.read(), silenceMs);
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line !== "") fields = withField(fields, line);
        else {
          if (fields.data !== "") yield { ...fields, event: fields.event || "message", data: fields.data.slice(0, -1) };
          fields = { event: "", data: "", id: fields.id };
        }
      }
    }
  } finally {
    // A body that broke off has nobody to tell.
    await reader.cancel().catch(() => undefined);
  }
}

function withField(fields: ServerSentEvent, line: string): ServerSentEvent {
  const [, name = "", value = ""] = /^([^:]*):? ?(.*?)\r?$/s.exec(line) ?? [];
  if (name === "data") return { ...fields, data: `${fields.data}${value}\n` };
  return name === "event" || name === "id" ? { ...fields, [name]: value } : fields;
}

function withinSilence<Value>(value: Promise<Value>, silenceMs: number): Promise<Value> {
  // Node 20 has no Promise.withResolvers.
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not a byte came for ${silenceMs} ms`)), silenceMs);
    value.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
