/** kubelet's timestamp before a line: RFC 3339 with nanoseconds (trailing zeros may be missing), in the node's own zone. */
export const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
/** A timestamp and the blank after it are shorter than this. */
export const MAX_STAMP_BYTES = 40;

/** Negative: `a` is before `b`; 0: the same instant. Both have to fit {@link STAMP}. */
export function compareStamps(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  return one.secondMs - other.secondMs || one.nanoseconds - other.nanoseconds;
}

/** A timestamp as epoch ms; what is no timestamp is NaN. */
export function stampMs(stamp: string): number {
  const { secondMs, nanoseconds } = partsOf(stamp);
  return secondMs + nanoseconds / 1_000_000;
}

/** The second of a timestamp, as `sinceTime` takes it: the API server cuts fractions off (platform notes, "Logs"). */
export function secondOf(stamp: string): string {
  return `${new Date(partsOf(stamp).secondMs).toISOString().slice(0, 19)}Z`;
}

function partsOf(stamp: string): { secondMs: number; nanoseconds: number } {
  const [, second = "", fraction = "", zone = ""] = STAMP.exec(stamp) ?? [];
  return { secondMs: Date.parse(`${second}${zone}`), nanoseconds: Number(fraction.padEnd(9, "0")) };
}
