/** How much a line matters to somebody who watches the relay. */
export type Level = "debug" | "info" | "warn" | "error";

/** Writes one line; values are appended as `key=value`. */
export type Log = (level: Level, message: string, values?: Record<string, string | number | boolean | null>) => void;

// biome-ignore lint/suspicious/noControlCharactersInRegex: a log line must stay one line
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f]+/g;

/** One plain line: time, level, sentence, values. Each of `secrets` is blanked, whatever text it came in with. */
export function formatLine(
  at: Date,
  level: Level,
  message: string,
  values: Record<string, string | number | boolean | null>,
  secrets: readonly string[],
): string {
  const pairs = Object.entries(values).map(([key, value]) => ` ${key}=${formatValue(value)}`);
  let line = `${at.toISOString()} ${level.padEnd(5)} ${message}${pairs.join("")}`;
  for (const secret of secrets) if (secret !== "") line = line.replaceAll(secret, "[redacted]");
  return line.replace(CONTROL_CHARACTERS, " ");
}

function formatValue(value: string | number | boolean | null): string {
  const text = String(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

/** A log that hands finished lines to `write`. `debug` lines are dropped unless asked for. */
export function makeLog(options: {
  write: (line: string) => void;
  secrets: readonly string[];
  debug: boolean;
  now: () => number;
}): Log {
  return (level, message, values = {}) => {
    if (level === "debug" && !options.debug) return;
    options.write(formatLine(new Date(options.now()), level, message, values, options.secrets));
  };
}
