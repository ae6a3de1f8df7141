import { createHash, timingSafeEqual } from "node:crypto";

/** Who a token belongs to; internal callers are the cluster's own kubelet and controllers. */
export type Caller = { name: string; isInternal: boolean };

/** Finds the caller of an Authorization header; undefined where there is none. */
export type Authenticator = (header: string | undefined) => Caller | undefined;

/** Checks bearer tokens by hash, in a time that does not depend on where they differ. */
export function tokenAuthenticator(tokens: { token: string; caller: Caller }[]): Authenticator {
  const known = tokens.map(({ token, caller }) => ({ hash: sha256(token), caller }));
  return (header) => {
    const given = /^Bearer\s+(\S+)$/i.exec(header ?? "")?.[1];
    if (given === undefined) return undefined;
    const hash = sha256(given);
    return known.find((one) => timingSafeEqual(one.hash, hash))?.caller;
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
