/** How far a follower of a run has come: a follow's event ids, the same whether a line came live or was stored. */
import type { LogKey } from "./up.ts";

/** How far one log was read: the number of its last line (from 1), and a mark of that line's text. */
export type LinePlace = { line: number; mark: string };

/**
 * Where a follower of a run stands: how many events it was given, and how far it is in each log that it was given lines of,
 * by {@link logMark}. It is all that a follow needs to go on, so nothing about followers is ever stored.
 */
export type FollowPosition = { run: number; events: number; logs: ReadonlyMap<string, LinePlace> };

const LOG_MARK_DIGITS = 7;
const LINE_MARK_DIGITS = 4;
/** Of a long line's text only its ends and its length count. */
const MARKED_UNITS = 64;
const MAX_ID_LENGTH = 16 * 1024;

/** FNV-1a, 32 bits, as that many decimal digits. */
function digitsOf(text: string, digits: number): string {
  let sum = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) sum = Math.imul(sum ^ text.charCodeAt(at), 0x01000193);
  return String((sum >>> 0) % 10 ** digits).padStart(digits, "0");
}

/** A log's name in an id, 7 digits. Two logs of one name would be replayed, not lost. */
export function logMark({ podUid, container, restart }: Pick<LogKey, "podUid" | "container" | "restart">): string {
  return digitsOf(`${podUid}/${container}/${restart}`, LOG_MARK_DIGITS);
}

/** Tells whether the line of a number is the line that a follower had: another reading of a log may lack its beginning. */
export function lineMark(text: string): string {
  return digitsOf(`${text.length}/${text.slice(0, MARKED_UNITS)}/${text.slice(-MARKED_UNITS)}`, LINE_MARK_DIGITS);
}

/** The beginning of a run. */
export function positionAtStart(run: number): FollowPosition {
  return { run, events: 0, logs: new Map() };
}

/** The position one event further: that line of that log was given. */
export function positionAfter(position: FollowPosition, log: string, place: LinePlace): FollowPosition {
  const logs = new Map(position.logs).set(log, place);
  return { ...position, events: position.events + 1, logs };
}

/**
 * A position as an event's id: a decimal number whose whole part is the event's number, so that ids rise as numbers do. After
 * the point, all of them digits: the run's number, and for each log its mark, its line's number and mark; a number is preceded
 * by how many digits it has.
 */
export function idOf({ run, events, logs }: FollowPosition): string {
  const places = [...logs].map(([log, { line, mark }]) => `${log}${counted(line)}${mark}`);
  return `${events}.${counted(run)}${places.join("")}`;
}

function counted(number: number): string {
  const digits = String(number);
  return `${digits.length}${digits}`;
}

const PLACE = new RegExp(`^(\\d{${LOG_MARK_DIGITS}})(\\d)`);

/** The position that an id names; null: it is none of ours. */
export function positionOf(id: string): FollowPosition | null {
  const match = id.length > MAX_ID_LENGTH ? null : /^(\d{1,15})\.([1-9])(\d+)$/.exec(id);
  if (match === null) return null;
  const [, events = "", runDigits = "", digits = ""] = match;
  const run = Number(digits.slice(0, Number(runDigits)));
  let rest = digits.slice(Number(runDigits));
  const logs = new Map<string, LinePlace>();
  while (rest !== "") {
    const [head = "", log = "", lineDigits = ""] = PLACE.exec(rest) ?? [];
    const lineEnd = head.length + Number(lineDigits);
    const end = lineEnd + LINE_MARK_DIGITS;
    const line = Number(rest.slice(head.length, lineEnd));
    if (head === "" || rest.length < end || line < 1) return null;
    logs.set(log, { line, mark: rest.slice(lineEnd, end) });
    rest = rest.slice(end);
  }
  return run >= 1 ? { run, events: Number(events), logs } : null;
}
