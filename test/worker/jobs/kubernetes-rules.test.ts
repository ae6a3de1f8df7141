import { describe, expect, it } from "vitest";
import {
  annotationKeyProblem,
  configKeyProblem,
  dnsLabelProblem,
  dnsSubdomainProblem,
  envNameProblem,
  labelKeyProblem,
  labelValueProblem,
  textProblem,
} from "../../../worker/jobs/kubernetes-rules.ts";

type Rule = (value: string) => string | null;
const label: Rule = (value) => dnsLabelProblem(value, 63);

/** As the API server of Kubernetes 1.36 judges them. */
const CASES: [name: string, rule: Rule, good: string[], bad: string[]][] = [
  [
    "a DNS label",
    label,
    ["a", "0", "a-b", "a".repeat(63)],
    ["", "-a", "a-", "A", "a_b", "a.b", "ä", "a\n", "a".repeat(64)],
  ],
  [
    "a DNS subdomain",
    dnsSubdomainProblem,
    ["a", "a.b-c.d", "0.0", "a".repeat(253)],
    ["", ".a", "a.", "a..b", "A.b", "a-.b", "a".repeat(254)],
  ],
  [
    "a label's key",
    labelKeyProblem,
    ["a", "A_b.c-d", "example.com/a", "a".repeat(63), `${"a".repeat(253)}/b`],
    ["", "/a", "a/", "a/b/c", "-a", "a-", "Example.com/a", "a".repeat(64), `${"a".repeat(254)}/b`],
  ],
  ["an annotation's key", annotationKeyProblem, ["Example.COM/A", "a"], ["", "a b", "/a"]],
  [
    "a label's value",
    labelValueProblem,
    ["", "a", "A_b.c-d", "a".repeat(63)],
    ["-", "a ", "a/b", "a:b", "a".repeat(64)],
  ],
  ["a variable's name", envNameProblem, ["A", "my.var", "1", "a b", "~!", "-"], ["", "A=B", "=", "ä", "a\tb", "a\n"]],
  [
    "a config key",
    configKeyProblem,
    ["a", "A.b_c-d", ".a", "a".repeat(253)],
    ["", ".", "..", "..a", "a/b", "a".repeat(254)],
  ],
  ["a text", textProblem, ["", "ä\n\u{1F514}"], ["a\0b", "\ud800", "\udc00x"]],
];

describe.each(CASES)("%s", (_name, rule, good, bad) => {
  it.each(good)("may be %j", (value) => {
    expect(rule(value)).toBeNull();
  });

  it.each(bad)("may not be %j", (value) => {
    expect(rule(value)).toEqual(expect.any(String));
  });
});
