const DAY_MS = 86_400_000;
/** Transitions of a zone lie further apart than the window that is looked at; the property test holds that to be so. */
const MARGIN_MS = 1.5 * DAY_MS;
/** Zones whose offsets are remembered, and days of each: what is forgotten is computed anew. */
const ZONES = 50;
const DAYS = 4_000;
/**
 * Names of ICU's that are none of IANA's and that the runtime takes. Some are a trap: its BST is the time of Dhaka, its IST that of
 * Kolkata, its ART that of Cairo.
 */
const NOT_OF_IANA =
  /^(A[CEGRS]T|BET|BST|C[ANST]T|EAT|ECT|IET|IST|JST|MIT|NET|NST|PLT|P[NRS]T|SST|VST|SystemV\/.*|US\/Pacific-New|Canada\/East-Saskatchewan)$/i;

/**
 * A zone's offsets around a local time, ms to be added to UTC: `before` and `after` the one transition near it, epoch ms;
 * `transitionAt` null: there is none near, and both are the same.
 */
export type Offsets = { before: number; after: number; transitionAt: number | null };

class Zone {
  readonly #format: Intl.DateTimeFormat;
  readonly #days = new Map<number, number>();
  readonly #transitions = new Map<number, number>();

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  offsetAt(instant: number): number {
    const parts: Record<string, number> = {};
    for (const { type, value } of this.#format.formatToParts(instant)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1_000) * 1_000;
  }

  #offsetOfDay(day: number): number {
    const known = this.#days.get(day);
    if (known !== undefined) return known;
    if (this.#days.size >= DAYS) this.#days.clear();
    const offset = this.offsetAt(day * DAY_MS);
    this.#days.set(day, offset);
    return offset;
  }

  around(local: number): Offsets {
    const first = Math.floor((local - MARGIN_MS) / DAY_MS);
    const last = Math.ceil((local + MARGIN_MS) / DAY_MS);
    const before = this.#offsetOfDay(first);
    const after = this.#offsetOfDay(last);
    if (before === after) return { before, after, transitionAt: null };
    let transitionAt = this.#transitions.get(first);
    if (transitionAt === undefined) {
      if (this.#transitions.size >= DAYS) this.#transitions.clear();
      transitionAt = this.#bisect(first * DAY_MS, last * DAY_MS, before);
      this.#transitions.set(first, transitionAt);
    }
    return { before, after, transitionAt };
  }

  /** The first second at which the offset is not `before` any more. */
  #bisect(from: number, to: number, before: number): number {
    let low = from / 1_000;
    let high = to / 1_000;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle * 1_000) === before) low = middle;
      else high = middle;
    }
    return high * 1_000;
  }
}

const zones = new Map<string, Zone>();

function zoneOf(timeZone: string): Zone {
  const known = zones.get(timeZone);
  if (known !== undefined) return known;
  if (zones.size >= ZONES) zones.clear();
  const zone = new Zone(timeZone);
  zones.set(timeZone, zone);
  return zone;
}

/** The offsets around a local time, which is given as if it were UTC, epoch ms. Throws for an unknown zone. */
export function offsetsAround(timeZone: string, local: number): Offsets {
  return zoneOf(timeZone).around(local);
}

/** What is to be added to an instant, epoch ms, to get its local time. Throws for an unknown zone. */
export function offsetAt(timeZone: string, instant: number): number {
  const { before, after, transitionAt } = zoneOf(timeZone).around(instant);
  return transitionAt === null || instant < transitionAt ? before : after;
}

/** What is wrong with a time zone, as the end of a sentence; null: it is an IANA name. */
export function timeZoneProblem(timeZone: string): string | null {
  const problem = "must be an IANA time zone such as UTC or Europe/Berlin";
  // Offsets such as +02:00 are time zones to the runtime, but none of IANA's names.
  if (!/^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/.test(timeZone)) return problem;
  if (NOT_OF_IANA.test(timeZone)) return problem;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone });
    return null;
  } catch {
    // A RangeError, its documented answer to a name that it does not know.
    return problem;
  }
}
