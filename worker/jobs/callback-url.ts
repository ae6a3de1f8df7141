const PRIVATE_SUFFIXES = [".localhost", ".local", ".internal", ".svc"];
const MAX_URL_LENGTH = 2_048;

/**
 * What is wrong with a callback URL, as the end of a sentence, or null (contract, part 4). Only https, port 443 or above
 * 1023, and public names are called; `allowPrivate` lifts that for development and leaves http and https.
 */
export function callbackUrlProblem(text: string, allowPrivate: boolean): string | null {
  if (text.length > MAX_URL_LENGTH) return `has ${text.length} characters, and must have at most ${MAX_URL_LENGTH}`;
  const url = URL.parse(text);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) return "must be an https URL";
  if (allowPrivate) return null;
  if (url.protocol !== "https:") return "must be an https URL";
  if (url.username !== "" || url.password !== "") return "must not carry user info";
  // The parser has dropped the scheme's own port, 443.
  if (url.port !== "" && Number(url.port) <= 1_023) return "must use port 443 or one above 1023";
  return hostProblem(url.hostname);
}

/** The URL parser has already turned every notation of an IPv4 address (hex, octal, one number) into four decimals. */
function hostProblem(hostname: string): string | null {
  const host = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  // With an empty label the parser takes an address for a name, and a resolver may drop the label.
  if (host.split(".").includes("")) return "must name a public host, whose name has no empty part";
  if (host.startsWith("[") || /^\d+(\.\d+){3}$/.test(host)) return "must name a public host, not an IP address";
  if (!host.includes(".")) return "must name a public host, whose name has a dot";
  const suffix = PRIVATE_SUFFIXES.find((ending) => host.endsWith(ending));
  return suffix ? `must name a public host, not one under ${suffix}` : null;
}
