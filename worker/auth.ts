import type { Context, Next } from "hono";
import { ipRestriction } from "hono/ip-restriction";
import { type Settings, settingsOf } from "./env.ts";
import { ApiError, failure, logWarning } from "./errors.ts";
import { countRequest } from "./rate-limit.ts";
import type { AppEnv } from "./routes/job-request.ts";
import { hexOf, sha256 } from "./sha256.ts";

/**
 * Lets only the addresses of WATCHBELL_ALLOWED_IPS call the API: 102 IP_ILLEGAL for others, before the token is looked at.
 * The address is Cloudflare's header, which its edge sets whatever the caller sent; none at all is nobody's address.
 */
export async function checkAddress(c: Context<AppEnv>, next: Next): Promise<Response | undefined> {
  const { allowedIps } = settingsOf(c.env);
  if (allowedIps.length === 0) {
    await next();
    return undefined;
  }
  const address = c.req.header("cf-connecting-ip") ?? "";
  const refusal = () =>
    failure(new ApiError("ipIllegal", `The address ${JSON.stringify(address)} may not call this API.`));
  if (address === "") return refusal();
  const restrict = ipRestriction(() => address, { allowList: allowedIps }, refusal);
  return (await restrict(c, next)) ?? undefined;
}

/**
 * Checks the bearer token, then its rate: 401 with code 100, 429 with code 104 and `Retry-After`. The body is not touched;
 * the routes find the token's id in the context.
 */
export async function checkToken(c: Context<AppEnv>, next: Next): Promise<void> {
  const settings = settingsOf(c.env);
  const token = bearerToken(c.req.header("authorization"));
  const tokenId = await authorisedTokenId(token, settings);
  const verdict = await countRequest(c.env, settings.rateLimit, tokenId, Date.now());
  if (verdict.limited) {
    throw new ApiError("limitedFlow", `This token may send ${verdict.perMinute} requests a minute.`, {
      "retry-after": String(verdict.retryAfterSeconds),
    });
  }
  c.set("tokenId", tokenId);
  await next();
}

function bearerToken(header: string | undefined): string {
  const match = /^bearer +(\S+) *$/i.exec(header ?? "");
  return match?.[1] ?? "";
}

/** An id to count a token by, which does not tell the token; throws 401 where the token is not the configured one. */
async function authorisedTokenId(token: string, settings: Settings): Promise<string> {
  if (settings.token === "") {
    logWarning("WATCHBELL_TOKEN is not set, so every API call is refused; set it to the token that callers shall send");
    throw unauthorised("No API token is configured here, so no call is allowed.");
  }
  if (token === "") throw unauthorised("The header Authorization must be `Bearer` and an API token.");
  // Digests are compared, since the comparison needs equal lengths and tells nothing about the token then.
  const [given, configured] = await Promise.all([sha256(token), sha256(settings.token)]);
  if (!crypto.subtle.timingSafeEqual(given, configured)) throw unauthorised("The API token is not a valid one.");
  return hexOf(given.subarray(0, 8));
}

function unauthorised(cause: string): ApiError {
  return new ApiError("unauthorized", cause, { "www-authenticate": "Bearer" });
}
