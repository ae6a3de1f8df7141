import { isIP } from "node:net";
import path from "node:path";
import { z } from "zod";

/** What `npm start` and `npm run worker` read from their environment (contract, part 1). */
export type Settings = {
  /** 0: any free port. */
  port: number;
  /** Absolute path of the folder of all local state. */
  stateDir: string;
  /** null: made on first start and kept in the state folder. */
  token: string | null;
  cluster: string;
  /** Of a real cluster; null: the embedded one is started. */
  kubeconfig: string | null;
  /** Requests per minute and token; null: no limit. */
  rateLimit: number | null;
  /** Addresses and CIDR ranges that may call the API; empty: all. */
  allowedIps: string[];
  /** As the Worker reads it: `0`, `false` and empty do not lift the rule. */
  allowPrivateCallbacks: string;
  /** One or two, comma separated; null: one is made on first start and kept in the state folder. */
  callbackSecrets: string | null;
  /** As the Worker reads it: `0`, `false` and empty do not switch it on. */
  draining: string;
};

/** An empty variable is as good as none, so that `PORT= npm start` does what it looks like. */
const Unset = z.literal("").transform(() => undefined);

function text<Output>(rule: z.ZodType<Output, string>) {
  return z.union([Unset, rule]).optional();
}

const Port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((port) => port <= 65_535);

/** Printable and without blanks, since the ready line and the Authorization header carry it. */
const Token = z.string().regex(/^[\x21-\x7e]{8,512}$/);

const ClusterId = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$/);

const PerMinute = z
  .string()
  .regex(/^[1-9]\d{0,8}$/)
  .transform(Number);

function isAddressOrRange(entry: string): boolean {
  const [address = "", bits, ...rest] = entry.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

const CommaList = z.string().transform((list) =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ""),
);

const Addresses = CommaList.refine((list) => list.every(isAddressOrRange));

/** As the Worker checks them: 24 to 64 bytes in base64 each (Standard Webhooks). */
const CallbackSecret =
  /^whsec_(?:[A-Za-z0-9+/]{4}){8,20}(?:[A-Za-z0-9+/]{4}(?:[A-Za-z0-9+/]{2}==)?|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const CallbackSecrets = CommaList.refine((list) => {
  return list.length >= 1 && list.length <= 2 && list.every((secret) => CallbackSecret.test(secret));
}).transform((list) => list.join(","));

const Environment = z.object({
  PORT: text(Port),
  WATCHBELL_STATE: text(z.string()),
  WATCHBELL_TOKEN: text(Token),
  WATCHBELL_CLUSTER: text(ClusterId),
  KUBECONFIG: text(z.string()),
  WATCHBELL_RATE_LIMIT: text(PerMinute),
  WATCHBELL_ALLOWED_IPS: text(Addresses),
  WATCHBELL_ALLOW_PRIVATE_CALLBACKS: z.string().optional(),
  WATCHBELL_CALLBACK_SECRETS: text(CallbackSecrets),
  WATCHBELL_DRAINING: z.string().default(""),
});

const ADVICE: Record<string, string> = {
  PORT: "must be a whole number from 0 to 65535 (0: any free port)",
  WATCHBELL_TOKEN: "must be 8 to 512 printable characters without blanks",
  WATCHBELL_CLUSTER: "must be a DNS label of at most 40 characters: lower-case letters, digits and inner hyphens",
  WATCHBELL_RATE_LIMIT: "must be a whole number of requests per minute, at least 1",
  WATCHBELL_ALLOWED_IPS: "must be a comma list of IP addresses and CIDR ranges, such as 127.0.0.1,10.0.0.0/8",
  WATCHBELL_CALLBACK_SECRETS: "must be one or two secrets, comma separated, each whsec_ and 24 to 64 bytes in base64",
};

/** Variables whose value never appears in a message. */
const SECRET = new Set(["WATCHBELL_TOKEN", "WATCHBELL_CALLBACK_SECRETS"]);

/** Parses the environment once; `problem` is one sentence that names the variable and says what to set. */
export function parseSettings(
  environment: Record<string, string | undefined>,
  workingDir: string,
): { ok: true; settings: Settings } | { ok: false; problem: string } {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const name = String(parsed.error.issues[0]?.path[0] ?? "the environment");
    const value = SECRET.has(name) ? "" : ` is ${JSON.stringify(environment[name])}:`;
    return { ok: false, problem: `${name}${value} ${value ? "it " : ""}${ADVICE[name] ?? "has a wrong value"}` };
  }
  const values = parsed.data;
  return {
    ok: true,
    settings: {
      port: values.PORT ?? 8787,
      stateDir: path.resolve(workingDir, values.WATCHBELL_STATE ?? ".watchbell"),
      token: values.WATCHBELL_TOKEN ?? null,
      cluster: values.WATCHBELL_CLUSTER ?? "local",
      kubeconfig: values.KUBECONFIG ?? null,
      rateLimit: values.WATCHBELL_RATE_LIMIT ?? null,
      allowedIps: values.WATCHBELL_ALLOWED_IPS ?? [],
      callbackSecrets: values.WATCHBELL_CALLBACK_SECRETS ?? null,
      draining: values.WATCHBELL_DRAINING,
      // On one's own machine callbacks go to that machine; set at all, even to nothing, the caller's word counts.
      allowPrivateCallbacks: values.WATCHBELL_ALLOW_PRIVATE_CALLBACKS ?? "1",
    },
  };
}
