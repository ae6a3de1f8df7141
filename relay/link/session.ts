import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";
import { CLOSE } from "../../protocol/close-codes.ts";
import { judgeClose, judgeUpgradeAnswer, type Refusal } from "./refusal.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_PAYLOAD_BYTES = 32 * 1024 * 1024;
/** As much of a refused upgrade's body as is looked at. */
const MAX_REFUSAL_BYTES = 16 * 1024;
/** A peer that does not answer a close is cut off after this long. */
const CLOSE_GRACE_MS = 1_000;

/** How one connection ended. */
export type SessionEnd = { reason: string; refusal: Refusal };

/** One connection: open until `ended` resolves. */
export type Session = {
  send(text: string): void;
  /** Closes it; `ended` resolves at most a second later. */
  close(code: number, reason: string): void;
  readonly ended: Promise<SessionEnd>;
};

/** Opens one WebSocket. Never throws and never rejects: whatever goes wrong is in `ended`. */
export function openSession(options: {
  url: string;
  joinToken: string;
  onOpen: () => void;
  onMessage: (text: string) => void;
}): Session {
  const { promise: ended, resolve: end } = Promise.withResolvers<SessionEnd>();
  const socket = new WebSocket(options.url, {
    headers: { authorization: `Bearer ${options.joinToken}` },
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
  });
  let problem = "";
  socket.on("open", options.onOpen);
  socket.on("message", (data, isBinary) => {
    if (isBinary) socket.close(CLOSE.badFrame, "the link speaks text");
    else options.onMessage(data.toString());
  });
  socket.on("error", (error) => {
    problem = error.message || error.name;
  });
  socket.on("close", (code, reason) => {
    const words = reason.toString();
    end({ reason: problem || `closed with ${code}${words ? `: ${words}` : ""}`, refusal: judgeClose(code, words) });
  });
  socket.on("unexpected-response", (request, response) => {
    void readStart(response).then((body) => {
      const status = response.statusCode ?? 0;
      end({ reason: `the upgrade was answered with HTTP ${status}`, refusal: judgeUpgradeAnswer(status, body) });
      request.destroy();
    });
  });
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: (code, reason) => {
      socket.close(code, reason);
      const timer = setTimeout(() => socket.terminate(), CLOSE_GRACE_MS);
      void ended.then(() => clearTimeout(timer));
    },
    ended,
  };
}

async function readStart(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response) {
      parts.push(Buffer.from(part));
      bytes += parts.at(-1)?.length ?? 0;
      if (bytes >= MAX_REFUSAL_BYTES) break;
    }
  } catch (error) {
    // A body that breaks off is judged by what came of it.
    return Buffer.concat(parts).toString() || String(error);
  }
  return Buffer.concat(parts).toString();
}
