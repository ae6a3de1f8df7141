import { describe, expect, it } from "vitest";
import { causeWords, redacted } from "../../../relay/kubernetes/cause-words.ts";
import { describeFailure, failureFromAnswer } from "../../../relay/kubernetes/failures.ts";

const cause = (field: string, message: string, reason = "FieldValueInvalid") => ({ field, message, reason });

describe("a cause of a 422", () => {
  it.each([
    {
      what: "a plain value",
      of: cause(
        "spec.nodeSelector",
        "Invalid value: \"not valid!\": a valid label must be x (e.g. 'a', regex used is 'b')",
      ),
      words: 'spec.nodeSelector: Invalid value: "not valid!": a valid label must be x',
    },
    {
      what: "a quoted value with a quote in it",
      of: cause("spec.x", 'Invalid value: "a\\"b": no'),
      words: 'spec.x: Invalid value: "a\\"b": no',
    },
    {
      what: "a number",
      of: cause("spec.backoffLimit", "Invalid value: -1: must be >= 0"),
      words: "spec.backoffLimit: Invalid value: -1: must be >= 0",
    },
    {
      what: "a name that is not there",
      of: cause("spec.containers[0].volumeMounts[0].name", 'Not found: "nix"'),
      words: 'spec.containers[0].volumeMounts[0].name: Not found: "nix"',
    },
    {
      what: "what may not be",
      of: cause("spec.volumes[0].hostPath", "Forbidden: may not specify more than 1 volume type"),
      words: "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
    },
    {
      what: "an object's value, which may hold an env",
      of: cause("spec.template", 'Invalid value: {"env":[{"value":"hunter2"}]}: field is immutable'),
      words: "spec.template (FieldValueInvalid)",
    },
    {
      what: "a value in Go's own form",
      of: cause("spec.template", "Invalid value: core.PodTemplateSpec{hunter2}: field is immutable"),
      words: "spec.template (FieldValueInvalid)",
    },
    {
      what: "a value of an env",
      of: cause("spec.containers[0].env[0].value", 'Invalid value: "hunter2": no'),
      words: "spec.containers[0].env[0].value (FieldValueInvalid)",
    },
    {
      what: "an admission policy",
      of: cause("", "ValidatingAdmissionPolicy 'night' denied request: no", ""),
      words: "ValidatingAdmissionPolicy 'night' denied request: no",
    },
  ])("with $what is told as far as it is no secret", ({ of, words }) => {
    expect(causeWords(of)).toBe(words);
  });

  it("may be one of several, told once each and at most five", () => {
    const causes = ["a", "b", "b", "c", "d", "e", "f"].map((field) => cause(field, "Required value"));
    const body = JSON.stringify({ kind: "Status", reason: "Invalid", message: "x", details: { causes } });

    const words = describeFailure(failureFromAnswer(422, body, undefined));

    expect(words).toBe(
      `the API server finds invalid: ${["a", "b", "c", "d", "e"].map((field) => `${field}: Required value`).join(", ")}`,
    );
  });
});

describe("an admission policy's words", () => {
  const secret = 'hunter2"x';
  const message = `ValidatingAdmissionPolicy 'night' denied request: not with ${secret}`;

  it("are its own, without the env values in them", () => {
    const body = JSON.stringify({ kind: "Status", reason: "Invalid", message, details: { causes: [{ message }] } });

    expect(describeFailure(failureFromAnswer(422, body, undefined), [secret])).toBe(
      "the API server answered 422: ValidatingAdmissionPolicy 'night' denied request: not with …",
    );
  });

  it("are without them also where they are quoted, and where one is part of another", () => {
    expect(redacted('Invalid value: "hunter2\\"x"', [secret])).toBe('Invalid value: "…"');
    expect(redacted("hunter2-long and hunter2", ["hunter2", "hunter2-long"])).toBe("… and …");
  });
});
