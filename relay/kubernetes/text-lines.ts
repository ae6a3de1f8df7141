import { StringDecoder } from "node:string_decoder";

/** The lines of a UTF-8 body as they come; `onBytes` at every chunk, so that silence can be told from quiet. */
export async function* readLines(body: AsyncIterable<unknown>, onBytes: () => void): AsyncGenerator<string> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  for await (const chunk of body) {
    onBytes();
    if (!Buffer.isBuffer(chunk)) continue;
    rest += decoder.write(chunk);
    let from = 0;
    for (let at = rest.indexOf("\n"); at >= 0; at = rest.indexOf("\n", from)) {
      if (at > from) yield rest.slice(from, at);
      from = at + 1;
    }
    rest = rest.slice(from);
  }
  if (rest.trim() !== "") yield rest;
}
