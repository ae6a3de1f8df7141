import { z } from "zod";

/**
 * Who counts a token's requests: nobody, this isolate (`perMinute`; enough where one isolate serves all), or the platform's
 * binding RATE_LIMIT (when deployed: wrangler.toml says `binding`).
 */
export type RateLimitSetting = { counts: "nothing" } | { counts: "isolate"; perMinute: number } | { counts: "binding" };

const Text = z.string().trim().default("");

/** `0`, `false` and empty do not switch anything on (contract, part 4). */
const Switch = Text.transform((value) => value !== "" && value !== "0" && value.toLowerCase() !== "false");

/** Comma list; empty entries do not count. */
const List = Text.transform((value) =>
  value
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ""),
);

const AddressRange = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);
const AllowedIps = List.superRefine((entries, context) => {
  const wrong = entries.find((entry) => !AddressRange.safeParse(entry).success);
  if (wrong === undefined) return;
  const message = `has ${JSON.stringify(wrong)}, which is neither an address nor a CIDR range`;
  context.addIssue({ code: "custom", message });
});

const RateLimit = Text.transform((value, context): RateLimitSetting => {
  if (value === "") return { counts: "nothing" };
  if (value === "binding") return { counts: "binding" };
  if (/^[1-9]\d{0,8}$/.test(value)) return { counts: "isolate", perMinute: Number(value) };
  const message = `is ${JSON.stringify(value)}, and must be a whole number of requests a minute, \`binding\` or empty`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

/** 24 to 64 bytes in base64, as Standard Webhooks wants them; the value itself is never repeated. */
const CallbackSecret = z
  .string()
  .regex(
    /^whsec_(?:[A-Za-z0-9+/]{4}){8,20}(?:[A-Za-z0-9+/]{4}(?:[A-Za-z0-9+/]{2}==)?|[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/,
  );
const CallbackSecrets = List.superRefine((secrets, context) => {
  if (secrets.length <= 2 && secrets.every((secret) => CallbackSecret.safeParse(secret).success)) return;
  const message = "must be one or two secrets, comma separated, each whsec_ and 24 to 64 bytes in base64";
  context.addIssue({ code: "custom", message });
});

const SettingsSchema = z.object({
  WATCHBELL_TOKEN: Text,
  WATCHBELL_RATE_LIMIT: RateLimit,
  WATCHBELL_ALLOWED_IPS: AllowedIps,
  WATCHBELL_ALLOW_PRIVATE_CALLBACKS: Switch,
  WATCHBELL_CALLBACK_SECRETS: CallbackSecrets,
  WATCHBELL_DRAINING: Switch,
});

/** The Worker's settings, parsed (contract, part 1). */
export type Settings = {
  /** The API token with every right; empty: none is configured and every call is refused. */
  token: string;
  rateLimit: RateLimitSetting;
  /** Addresses and CIDR ranges that may call the API; empty: all. */
  allowedIps: string[];
  /** Lifts the rules on callback URLs (contract, part 4). */
  allowPrivateCallbacks: boolean;
  /** Callbacks are signed with each (Standard Webhooks); empty: none can be made. */
  callbackSecrets: string[];
  /** Takes no changes to jobs: each is refused with 106; what is there goes on. */
  draining: boolean;
};

/** Parses the Worker's variables; throws a sentence that names the variable that is wrong. */
export function parseSettings(variables: object): Settings {
  const parsed = SettingsSchema.safeParse(variables);
  if (!parsed.success) {
    const sentences = parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
    throw new Error(`settings: ${sentences.join("; ")}`);
  }
  return {
    token: parsed.data.WATCHBELL_TOKEN,
    rateLimit: parsed.data.WATCHBELL_RATE_LIMIT,
    allowedIps: parsed.data.WATCHBELL_ALLOWED_IPS,
    callbackSecrets: parsed.data.WATCHBELL_CALLBACK_SECRETS,
    allowPrivateCallbacks: parsed.data.WATCHBELL_ALLOW_PRIVATE_CALLBACKS,
    draining: parsed.data.WATCHBELL_DRAINING,
  };
}

const parsedOf = new WeakMap<object, Settings>();

/** The settings of this isolate: parsed at the first request that needs them, then kept with the platform's env object. */
export function settingsOf(env: object): Settings {
  const known = parsedOf.get(env);
  if (known) return known;
  const settings = parseSettings(env);
  parsedOf.set(env, settings);
  return settings;
}
