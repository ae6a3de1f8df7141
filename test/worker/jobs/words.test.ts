import { describe, expect, it } from "vitest";
import { parseWords } from "../../../worker/jobs/words.ts";

describe("parseWords", () => {
  it.each([
    ["echo", ["echo"]],
    ["echo,k8s jobs !!!", ["echo", "k8s jobs !!!"]],
    ["a, b ,", ["a", " b ", ""]],
    ["", [""]],
    ['["sh", "-c", "echo a,b"]', ["sh", "-c", "echo a,b"]],
    ['["[", "1", "]"]', ["[", "1", "]"]],
    ["[]", []],
    [' ["a"', [' ["a"']],
  ])("splits %j", (text, words) => {
    expect(parseWords(text)).toEqual({ words });
  });

  it.each(["[", "[a]", "[1]", '["a", null]', '[["a"]]'])("refuses %j", (text) => {
    expect(parseWords(text)).toEqual({ problem: expect.stringContaining("starts with '['") });
  });
});
