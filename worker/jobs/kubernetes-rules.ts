/**
 * Kubernetes' own rules for names, labels and annotations (k8s.io/apimachinery `pkg/util/validation`, 1.36), checked before
 * anything is stored: what the API server would refuse at the due time is refused at create. Each function answers what is
 * wrong, as the end of a sentence that begins with field and value, or null.
 */

/** The form of a DNS label (RFC 1123), as a pattern for JSON Schema. */
export const DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

const LABEL = new RegExp(DNS_LABEL);
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/;
const QUANTITY = /^\+?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;
const STANDARD_RESOURCE = /^(cpu|memory|ephemeral-storage|hugepages-[A-Za-z0-9]+)$/;
const MAX_LABEL_VALUE_LENGTH = 63;
const MAX_SUBDOMAIN_LENGTH = 253;

/** Kubernetes' int32 fields. */
export const MAX_INT32 = 2 ** 31 - 1;

/** A DNS label (RFC 1123): names of namespaces, clusters and of our jobs. */
export function dnsLabelProblem(value: string, maxLength: number): string | null {
  if (value.length > maxLength) return `has ${value.length} characters, and must have at most ${maxLength}`;
  if (LABEL.test(value)) return null;
  return "must be a DNS label: lower-case letters, digits and dashes, with a letter or digit at both ends";
}

/** A DNS subdomain (RFC 1123): names of Secrets and ConfigMaps, and the prefix of a key. */
export function dnsSubdomainProblem(value: string): string | null {
  if (value.length <= MAX_SUBDOMAIN_LENGTH && SUBDOMAIN.test(value)) return null;
  return `must be a DNS subdomain of at most ${MAX_SUBDOMAIN_LENGTH} characters`;
}

/** A label's key: a name, after an optional DNS subdomain and a slash. */
export function labelKeyProblem(key: string): string | null {
  const slash = key.indexOf("/");
  const prefix = slash === -1 ? null : key.slice(0, slash);
  const name = key.slice(slash + 1);
  if (prefix !== null && dnsSubdomainProblem(prefix) !== null) {
    return "must have a DNS subdomain of at most 253 characters before its slash";
  }
  if (name.length <= MAX_LABEL_VALUE_LENGTH && QUALIFIED_NAME.test(name)) return null;
  return "must be a name of at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends";
}

/** An annotation's key: as a label's, in whatever case. */
export function annotationKeyProblem(key: string): string | null {
  return labelKeyProblem(key.toLowerCase());
}

/** A label's value; the empty one is allowed. */
export function labelValueProblem(value: string): string | null {
  if (value === "" || (value.length <= MAX_LABEL_VALUE_LENGTH && QUALIFIED_NAME.test(value))) return null;
  return "must have at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends";
}

/** An environment variable's name: printable ASCII but `=` (KEP-4369, stable in 1.34; older servers are stricter). */
export function envNameProblem(name: string): string | null {
  if (/^[ -<>-~]+$/.test(name)) return null;
  return "must be one or more printable ASCII characters other than '='";
}

/** A key of a Secret or ConfigMap. */
export function configKeyProblem(key: string): string | null {
  if (key.length <= MAX_SUBDOMAIN_LENGTH && CONFIG_KEY.test(key) && key !== "." && !key.startsWith("..")) return null;
  return "must have at most 253 letters, digits, '-', '_' and '.', and be neither '.' nor begin with '..'";
}

/** A quantity such as `500m`, `1.5` or `2Gi`, of a resource; never negative. The API server takes a JSON number as well. */
export function quantityProblem(value: unknown): string | null {
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text === "string" && QUANTITY.test(text)) return null;
  return "must be a quantity such as 500m, 1.5 or 2Gi, and not negative";
}

const QUANTITY_UNITS = new Map([
  ...["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((unit, index): [string, number] => [unit, 1_024 ** (index + 1)]),
  ...["n", "u", "m", "", "k", "M", "G", "T", "P", "E"].map((unit, index): [string, number] => [
    unit,
    10 ** (3 * index - 9),
  ]),
]);

/** What a quantity that {@link quantityProblem} let pass comes to, for comparing two of them: not exact beyond 15 digits. */
export function quantityValue(quantity: string | number): number {
  const [, digits, unit] = /^(.*?\d\.?)([A-Za-z]*)$/.exec(String(quantity)) ?? [];
  const factor = QUANTITY_UNITS.get(unit ?? "");
  return factor === undefined ? Number(quantity) : Number(digits) * factor;
}

/** A port's name (RFC 6335): at most 15 lower-case letters, digits and single dashes, one letter at least. */
export function portNameProblem(name: string): string | null {
  const fits = name.length <= 15 && /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) && /[a-z]/.test(name);
  return fits ? null : "must have at most 15 lower-case letters, digits and single dashes, and one letter at least";
}

/** A name as labels have it, with an optional prefix, of a resource that containers may ask for. */
export function resourceNameProblem(name: string): string | null {
  if (STANDARD_RESOURCE.test(name)) return null;
  if (name.includes("/") && !name.startsWith("requests.")) return labelKeyProblem(name);
  return "must be cpu, memory, ephemeral-storage, hugepages-<size> or an extended resource such as example.com/gpu";
}

/** What neither a process's arguments nor the API server's UTF-8 can hold. */
export function textProblem(value: string): string | null {
  if (value.includes("\0")) return "contains a NUL character, which no process can be given";
  if (!value.isWellFormed()) return "contains half of a UTF-16 surrogate pair, which is no character";
  return null;
}
