import { expect, test } from "vitest";
import { idOf, lineMark, logMark, positionAfter, positionAtStart, positionOf } from "../../protocol/follow-position.ts";

const LOG = logMark({ podUid: "uid-1", container: "main", restart: 0 });
const OTHER = logMark({ podUid: "uid-1", container: "side", restart: 0 });

test("an id is a position, and a position an id, with one log and with many", () => {
  let position = positionAtStart(12);
  for (let at = 1; at <= 300; at++) {
    const log = logMark({ podUid: `uid-${at % 70}`, container: "main", restart: 0 });
    position = positionAfter(position, log, { line: at * 12_345, mark: lineMark(`line ${at}`) });
    expect(positionOf(idOf(position))).toEqual(position);
  }
  expect(positionOf(idOf(positionAtStart(1)))).toEqual(positionAtStart(1));
});

test("ids rise as numbers do, whichever log a line is of", () => {
  let position = positionAtStart(1);
  const ids = Array.from({ length: 50 }, (_, at) => {
    position = positionAfter(position, at % 3 === 0 ? OTHER : LOG, { line: at + 1, mark: lineMark(`${at}`) });
    return Number(idOf(position));
  });
  expect(ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? 0))).toBe(true);
});

test("what is no id of ours is no position", () => {
  const id = idOf(positionAfter(positionAtStart(1), LOG, { line: 7, mark: lineMark("x") }));
  for (const text of [
    "",
    "7",
    "7.",
    "abc",
    "-1.11",
    "1.10",
    `${id}1`,
    id.slice(0, -1),
    ` ${id}`,
    "1.9",
    `1.11${"1".repeat(20_000)}`,
  ]) {
    expect(positionOf(text), text.slice(0, 40)).toBeNull();
  }
});

test("a line's mark tells other lines apart by length, beginning and end", () => {
  const marks = ["", "a", "b", "x".repeat(200), "x".repeat(201), `y${"x".repeat(199)}`].map(lineMark);
  expect(new Set(marks).size).toBe(marks.length);
});
