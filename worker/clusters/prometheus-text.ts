/** One value of a family: what its labels say, and what comes behind the family's name (a histogram's `_bucket`, say). */
export type Sample = { labels: Readonly<Record<string, string>>; value: number; suffix?: string };

/** What `/metrics` says under one name. */
export type Family = {
  name: string;
  type: "counter" | "gauge" | "histogram";
  help: string;
  samples: readonly Sample[];
};

/** The content type of Prometheus' text format. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", '"': '\\"' };

function escaped(text: string, letters: RegExp): string {
  return text.replace(letters, (letter) => ESCAPES[letter] ?? letter);
}

function line(name: string, { labels, value, suffix = "" }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text, /[\\\n"]/g)}"`);
  return `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(",")}}` : ""} ${value}`;
}

/**
 * The families as Prometheus' text format 0.0.4 has them (prometheus.io/docs/instrumenting/exposition_formats). prom-client, which
 * the relay uses, imports Node's `cluster` and `http`, and its histograms take observations, not counts that were kept.
 */
export function prometheusText(families: readonly Family[]): string {
  const lines = families.flatMap(({ name, type, help, samples }) => [
    `# HELP ${name} ${escaped(help, /[\\\n]/g)}`,
    `# TYPE ${name} ${type}`,
    ...samples.map((sample) => line(name, sample)),
  ]);
  return `${lines.join("\n")}\n`;
}
