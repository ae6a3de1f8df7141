/** One cause of a 422, as the Status object lists it. */
export type Cause = { reason: string; field: string; message: string };

const MAX_FIELD = 120;
const MAX_CAUSE_WORDS = 200;
/** What Kubernetes' field errors look like where their value is a plain one; an object's (a whole template, env and all) is not. */
const PLAIN =
  /^(?:(?:Invalid|Unsupported|Duplicate) value|Not found): (?:"(?:[^"\\]|\\.)*"|-?[\d.]+)(?::|$)|^(?:Forbidden|Required value|Too long|Too many)(?::|$)/;
/** Fields whose value may be a secret. */
const SECRET_FIELD = /\benv(?:From)?\[/;
const REGEX_TAIL = / \(e\.g\. .*$/s;

/** A cause for people: the field and what is wrong with it, of an admission policy its own words. Never an env value. */
export function causeWords({ reason, field, message }: Cause): string {
  if (field === "") return message.slice(0, MAX_CAUSE_WORDS);
  // Map keys may follow in brackets; they are names, but an overlong one would bury the sentence.
  const where = field.slice(0, MAX_FIELD);
  const isTold = PLAIN.test(message) && !SECRET_FIELD.test(field);
  if (isTold) return `${where}: ${message.replace(REGEX_TAIL, "").slice(0, MAX_CAUSE_WORDS)}`;
  return reason === "" ? where : `${where} (${reason})`;
}

/** The words without the secrets in them, be they quoted (a quote in one is then written `\"`). */
export function redacted(words: string, secrets: readonly string[]): string {
  // The longest first: one may be part of another.
  const forms = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)]);
  let text = words;
  for (const form of forms.toSorted((a, b) => b.length - a.length)) text = text.replaceAll(form, "…");
  return text;
}
