import { z } from "zod";

/** The digits of a whole number, as zod and JSON Schema take them. */
const DIGITS = /^\d{1,15}$/;

/**
 * A whole number between two, in a body a number or its digits, in a query its digits. Values outside have the problem as
 * their message.
 */
export function wholeNumberBetween(min: number, max: number) {
  const problem = `must be a whole number from ${min} to ${max}`;
  const given = z.union([z.int(), z.string().regex(DIGITS).transform(Number)], problem);
  return given.pipe(z.int().min(min, problem).max(max, problem)).meta({ json: wholeNumberJson(min, max) });
}

/** The JSON Schema of a whole number or its digits; `min` is 0 or 1. */
export function wholeNumberJson(min: number, max: number) {
  return {
    anyOf: [
      { type: "integer", minimum: min, maximum: max },
      { type: "string", pattern: `^0{0,5}(${[...(min === 0 ? ["0"] : []), ...upTo(String(max))].join("|")})$` },
    ],
  };
}

/** Patterns that together are the numbers from 1 to that one: those with fewer digits, then digit by digit. */
function upTo(digits: string): string[] {
  const rest = digits.length - 1;
  const shorter = rest === 0 ? [] : [`[1-9][0-9]{0,${rest - 1}}`];
  const sameLength = [...digits].flatMap((digit, place) => {
    const least = place === 0 ? 1 : 0;
    const below = Number(digit) - 1;
    return below < least ? [] : [`${digits.slice(0, place)}[${least}-${below}][0-9]{${rest - place}}`];
  });
  return [...shorter, ...sameLength, digits];
}
