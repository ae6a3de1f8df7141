import { z } from "zod";

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

const PerMinute = Text.refine((value) => value === "" || /^[1-9][0-9]{0,8}$/.test(value), {
  error: (issue) => `is ${JSON.stringify(issue.input)}, and must be a whole number of requests a minute, or empty`,
}).transform((value) => (value === "" ? null : Number(value)));

const SettingsSchema = z.object({
  WATCHBELL_TOKEN: Text,
  WATCHBELL_RATE_LIMIT: PerMinute,
  WATCHBELL_ALLOWED_IPS: List,
  WATCHBELL_ALLOW_PRIVATE_CALLBACKS: Switch,
});

/** The Worker's settings, parsed (contract, part 1). */
export type Settings = {
  /** The API token with every right; empty: none is configured and every call is refused. */
  token: string;
  /** Requests per minute and token, counted in the isolate; null: the platform's binding counts. */
  rateLimitPerMinute: number | null;
  /** Addresses and CIDR ranges that may call the API; empty: all. */
  allowedIps: string[];
  /** Lifts the rules on callback URLs (contract, part 4). */
  allowPrivateCallbacks: boolean;
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
    rateLimitPerMinute: parsed.data.WATCHBELL_RATE_LIMIT,
    allowedIps: parsed.data.WATCHBELL_ALLOWED_IPS,
    allowPrivateCallbacks: parsed.data.WATCHBELL_ALLOW_PRIVATE_CALLBACKS,
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
