import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** The relay's own figures; names begin with `watchbell_relay_` (contract, part 5). */
export type Metrics = {
  text(): Promise<string>;
  readonly contentType: string;
  createEnded(result: string, tookMs: number): void;
  factsSent(types: readonly string[]): void;
  apiAnswered(verb: string, status: number): void;
  watchRestarted(): void;
  logBytesSent(bytes: number): void;
};

/** Makes one process's metrics; what is a state and no event is asked for when somebody looks. */
export function makeMetrics(now: { linkUp(): boolean; active(): boolean; unackedFacts(): number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const creates = new Counter({
    name: "watchbell_relay_creates_total",
    help: "Creates that ended, by how.",
    labelNames: ["result"],
    registers,
  });
  const createSeconds = new Histogram({
    name: "watchbell_relay_create_seconds",
    help: "From a create's receipt to its Job's existence.",
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const facts = new Counter({
    name: "watchbell_relay_facts_total",
    help: "Facts put on the link, repeats included.",
    labelNames: ["type"],
    registers,
  });
  const api = new Counter({
    name: "watchbell_relay_api_requests_total",
    help: "Answers of the API server; code 0: none came.",
    labelNames: ["verb", "code"],
    registers,
  });
  const restarts = new Counter({
    name: "watchbell_relay_watch_restarts_total",
    help: "Watches that had to start again.",
    registers,
  });
  const logBytes = new Counter({ name: "watchbell_relay_log_bytes_total", help: "Log text sent, bytes.", registers });
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  gauge("watchbell_relay_link_up", "1 while the link is welcomed.", () => Number(now.linkUp()));
  gauge("watchbell_relay_role", "1 active, 0 standby.", () => Number(now.active()));
  gauge("watchbell_relay_unacked_facts", "Facts that the control plane has not confirmed.", () => now.unackedFacts());
  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    createEnded: (result, tookMs) => {
      creates.inc({ result });
      if (result === "created" || result === "adopted") createSeconds.observe(tookMs / 1000);
    },
    factsSent: (types) => {
      for (const type of types) facts.inc({ type });
    },
    apiAnswered: (verb, status) => api.inc({ verb, code: String(status) }),
    watchRestarted: () => restarts.inc(),
    logBytesSent: (bytes) => logBytes.inc(bytes),
  };
}
