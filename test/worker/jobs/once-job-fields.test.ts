import { describe, expect, it } from "vitest";
import { parseOnceJobFields } from "../../../worker/jobs/once-job-fields.ts";

const NOW = Date.parse("2026-11-24T12:00:00.000Z");
const PUBLIC_ONLY = { allowPrivateCallbacks: false };

const LEAST = { job_name: "hello", job_exec_time: "", namespace: "default", image: "busybox", command: "echo,hi" };

const DEFAULTS = {
  parallelism: "1",
  completions: "1",
  completion_mode: "NonIndexed",
  restart_policy: "Never",
  active_deadline_seconds: "300",
  backoff_limit: "1",
  ttl_seconds_after_finished: "300",
  log_collect: "false",
  log_limit_bytes: "10485760",
  callback_on: "success,failure",
  on_lost: "fail",
};

function parse(changes: Record<string, unknown>) {
  return parseOnceJobFields({ ...LEAST, ...changes }, NOW, PUBLIC_ONLY);
}

function metadataOf(metadata: unknown) {
  const parsed = parse({ metadata });
  return "definition" in parsed ? parsed.definition.metadata : parsed;
}

describe("a create's body that fits", () => {
  it("gets every default of the seed", () => {
    const parsed = parse({});

    expect(parsed).toEqual({
      definition: {
        jobName: "hello",
        namespace: "default",
        image: "busybox",
        command: "echo,hi",
        timeout: 0,
        route: "",
        metadata: DEFAULTS,
        execAt: NOW,
        startingDeadlineSeconds: null,
      },
    });
  });

  it("keeps every field that it was given", () => {
    const parsed = parse({
      job_exec_time: "PT1M",
      timeout: 60,
      route: "eu",
      starting_deadline_seconds: 30,
      metadata: { parallelism: "2", log_collect: "true" },
    });

    expect(parsed).toMatchObject({
      definition: {
        execAt: NOW + 60_000,
        timeout: 60,
        route: "eu",
        startingDeadlineSeconds: 30,
        metadata: { parallelism: "2", log_collect: "true", active_deadline_seconds: "60" },
      },
    });
  });

  it("takes empty and null options as absent", () => {
    const parsed = parse({
      timeout: null,
      route: "",
      starting_deadline_seconds: "",
      metadata: { callback_url: "", envs: null, parallelism: "" },
    });

    expect(parsed).toMatchObject({ definition: { timeout: 0, startingDeadlineSeconds: null, metadata: DEFAULTS } });
  });

  it("turns numbers and booleans of metadata into text", () => {
    const metadata = metadataOf({ parallelism: 3, backoff_limit: 0, log_collect: true, args: 5 });

    expect(metadata).toEqual({ ...DEFAULTS, parallelism: "3", backoff_limit: "0", log_collect: "true", args: "5" });
  });

  it("prefers the deadline in metadata to timeout", () => {
    const parsed = parse({ timeout: 60, metadata: { active_deadline_seconds: 90 } });

    expect(parsed).toMatchObject({ definition: { timeout: 60, metadata: { active_deadline_seconds: "90" } } });
  });

  it.each([
    ["labels", { team: "a", "example.com/x": "" }],
    ["annotations", { note: "any text: at all\n", "Example.COM/x": "y" }],
    ["envs", { GREETING: "hi", "odd name!": "" }],
    [
      "envs",
      [
        { name: "A", value: "1" },
        { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
      ],
    ],
    ["envs", [{ name: "C", valueFrom: { configMapKeyRef: { name: "c", key: "k.txt", optional: true } } }]],
    ["envs", [{ name: "D", valueFrom: { fieldRef: { fieldPath: "metadata.labels['job_id']" } } }]],
    ["envs", [{ name: "E", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } }]],
  ])("takes %s as it is or as text, and keeps text", (key, value) => {
    const text = JSON.stringify(value);

    expect(metadataOf({ [key]: value })).toEqual({ ...DEFAULTS, [key]: text });
    expect(metadataOf({ [key]: text })).toEqual({ ...DEFAULTS, [key]: text });
  });

  it("takes a job name of 57 characters", () => {
    const parsed = parse({ job_name: "a".repeat(57) });

    expect(parsed).toHaveProperty("definition");
  });

  it("takes an Indexed job whose longest name has 63 characters", () => {
    const parsed = parse({ job_name: "a".repeat(54), metadata: { completion_mode: "Indexed", completions: 100 } });

    expect(parsed).toHaveProperty("definition");
  });
});

describe("a create's body that does not fit", () => {
  it.each(Object.keys(LEAST))("names %s where it is missing", (field) => {
    const parsed = parse({ [field]: undefined });

    expect(parsed).toEqual({ problem: `${field} is missing` });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ["an upper-case name", { job_name: "Hello" }, ['job_name "Hello"', "DNS label"]],
    ["a name with a dot", { job_name: "a.b" }, ['job_name "a.b"']],
    ["a name that ends with a dash", { job_name: "a-" }, ['job_name "a-"']],
    ["an empty name", { job_name: "" }, ['job_name ""']],
    ["a name of 58 characters", { job_name: "a".repeat(58) }, ["58", "57"]],
    ["a name that is a number", { job_name: 5 }, ["job_name 5", "text"]],
    ["a namespace that is no label", { namespace: "kube_system" }, ['namespace "kube_system"']],
    ["a namespace of 64 characters", { namespace: "a".repeat(64) }, ["namespace", "63"]],
    ["an empty image", { image: "" }, ['image ""']],
    ["an image with a blank", { image: "busy box" }, ['image "busy box"', "blanks"]],
    ["an image with a line break", { image: "busybox\n" }, ["image"]],
    ["an image that never ends", { image: "a".repeat(1_025) }, ["image", "1024"]],
    ["an empty command", { command: "" }, ['command ""', "program"]],
    ["a command that begins with a comma", { command: ",a" }, ['command ",a"', "program"]],
    ["a command that is no JSON array", { command: "[echo" }, ['command "[echo"', "JSON array"]],
    ["a command with a number in its array", { command: '["a",1]' }, ["command", "strings"]],
    ["an empty array as command", { command: "[]" }, ['command "[]"', "program"]],
    ["a command that is an array", { command: ["echo"] }, ["command", "text"]],
    ["a NUL in a command", { command: "echo,a\0b" }, ["command", "NUL"]],
    ["a NUL behind JSON's escape", { command: '["echo","\\u0000"]' }, ["command", "NUL"]],
    ["half a surrogate pair", { command: "echo,\ud800" }, ["command", "surrogate"]],
    ["a time that is none", { job_exec_time: "soon" }, ['job_exec_time "soon"', "RFC 3339"]],
    ["a time that is true", { job_exec_time: true }, ["job_exec_time true"]],
    ["a time of null", { job_exec_time: null }, ["job_exec_time null"]],
    ["a negative timeout", { timeout: -1 }, ["timeout -1", "negative"]],
    ["a timeout with a fraction", { timeout: 1.5 }, ["timeout 1.5", "whole"]],
    ["a timeout beyond int32", { timeout: 2 ** 31 }, ["timeout 2147483648", "2147483647"]],
    ["a timeout that is text", { timeout: "60" }, ['timeout "60"']],
    ["a route that is no text", { route: 1 }, ["route 1"]],
    ["a start deadline of 0", { starting_deadline_seconds: 0 }, ["starting_deadline_seconds 0", "at least 1"]],
    ["a field nobody knows", { cron: "* * * * *" }, ['"cron"']],
    ["metadata that is text", { metadata: "x" }, ['metadata "x"', "JSON object"]],
    ["metadata that is a list", { metadata: [] }, ["metadata []", "JSON object"]],
    ["a callback to a private host", { metadata: { callback_url: "https://10.0.0.1/" } }, ["callback_url", "10.0.0.1"]],
    [
      "an Indexed job whose longest name has 64 characters",
      { job_name: "a".repeat(54), metadata: { completion_mode: "Indexed", completions: 101 } },
      ["job_name", "1 too long", "101"],
    ],
  ])("refuses %s", (_name, changes, words) => {
    const parsed = parse(changes);

    expect(parsed).toHaveProperty("problem");
    for (const word of words) expect(parsed).toEqual({ problem: expect.stringContaining(word) });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    ["an unknown key", { colour: "red" }, ["metadata", '"colour"', "parallelism"]],
    ["an unknown key without a value", { colour: "" }, ['"colour"']],
    ["the prototype as a key", JSON.parse('{"__proto__":"x"}'), ["__proto__"]],
    ["no parallelism", { parallelism: 0 }, ["metadata.parallelism 0", "from 1"]],
    ["a parallelism that is a word", { parallelism: "two" }, ['metadata.parallelism "two"']],
    ["a parallelism that is an object", { parallelism: {} }, ["metadata.parallelism {}"]],
    ["a negative number", { completions: -1 }, ["metadata.completions -1"]],
    ["a number with a fraction", { backoff_limit: 1.5 }, ["metadata.backoff_limit 1.5"]],
    ["a number beyond int32", { ttl_seconds_after_finished: 2 ** 31 }, ["ttl_seconds_after_finished", "2147483647"]],
    ["a deadline of 0", { active_deadline_seconds: 0 }, ["metadata.active_deadline_seconds 0"]],
    ["a log limit above 64 MiB", { log_limit_bytes: 67_108_865 }, ["log_limit_bytes", "67108864"]],
    ["another restart policy", { restart_policy: "Always" }, ['restart_policy "Always"', "OnFailure"]],
    ["another completion mode", { completion_mode: "indexed" }, ['completion_mode "indexed"', "Indexed"]],
    ["a switch that is neither", { log_collect: "yes" }, ['log_collect "yes"', "true or false"]],
    ["args that are no JSON array", { args: "[1" }, ['metadata.args "[1"']],
    ["labels that are no JSON", { labels: "team=a" }, ["metadata.labels", "JSON"]],
    ["labels that are a list", { labels: ["a"] }, ["metadata.labels", "object of strings"]],
    ["a label's value that is a number", { labels: { a: 1 } }, ["metadata.labels", '"a"', "string"]],
    ["a label's key with a blank", { labels: { "a b": "x" } }, ['"a b"']],
    ["a label's key without a name", { labels: { "example.com/": "x" } }, ['"example.com/"']],
    ["a label's key with two slashes", { labels: { "a/b/c": "x" } }, ['"a/b/c"']],
    ["a label's value with a blank", { labels: { a: "x y" } }, ['"a"', '"x y"']],
    ["a label's value of 64 characters", { labels: { a: "x".repeat(64) } }, ['"a"', "63"]],
    ["one of our labels", { labels: { job_id: "x" } }, ['"job_id"', "not the caller's"]],
    ["the label of the cluster", { labels: { watchbell_cluster: "x" } }, ["watchbell_cluster"]],
    ["a label that the API server makes", { labels: { "controller-uid": "x" } }, ["controller-uid"]],
    ["an annotation of ours", { annotations: { "watchbell.dev/run": "7" } }, ["watchbell.dev/run", "not the caller's"]],
    ["an annotation's key with a blank", { annotations: { "a b": "x" } }, ['"a b"']],
    ["too many annotations", { annotations: { a: "x".repeat(255 * 1024) } }, ["annotations", "261121", "261120"]],
    ["envs that are a number", { envs: 5 }, ["metadata.envs"]],
    ["envs with a value that is a number", { envs: { A: 1 } }, ["metadata.envs", '"A"', "string"]],
    ["a variable's name with =", { envs: { "A=B": "x" } }, ["metadata.envs", '"A=B"', "'='"]],
    ["a variable without a name", { envs: [{ name: "" }] }, ["metadata.envs", "[0].name"]],
    ["a variable that is ours", { envs: { WATCHBELL_RUN: "1" } }, ["WATCHBELL_RUN"]],
    ["a variable with an unknown key", { envs: [{ name: "A", from: "x" }] }, ["[0]", '"from"']],
    [
      "a variable with value and source",
      { envs: [{ name: "A", value: "x", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] },
      ["both"],
    ],
    ["a source that is none", { envs: [{ name: "A", valueFrom: {} }] }, ["exactly one"]],
    [
      "two sources",
      {
        envs: [
          { name: "A", valueFrom: { secretKeyRef: { name: "s", key: "k" }, fieldRef: { fieldPath: "metadata.name" } } },
        ],
      },
      ["exactly one"],
    ],
    [
      "a secret without a key",
      { envs: [{ name: "A", valueFrom: { secretKeyRef: { name: "s" } } }] },
      ["secretKeyRef.key"],
    ],
    [
      "a secret's name that is none",
      { envs: [{ name: "A", valueFrom: { secretKeyRef: { name: "S", key: "k" } } }] },
      ["secretKeyRef.name"],
    ],
    [
      "a field that no pod has",
      { envs: [{ name: "A", valueFrom: { fieldRef: { fieldPath: "spec.containers" } } }] },
      ["fieldPath"],
    ],
    [
      "a resource that no container has",
      { envs: [{ name: "A", valueFrom: { resourceFieldRef: { resource: "limits.gpu" } } }] },
      ["resource"],
    ],
  ])("refuses metadata with %s", (_name, metadata, words) => {
    const parsed = metadataOf(metadata);

    expect(parsed).toHaveProperty("problem");
    for (const word of words) expect(parsed).toEqual({ problem: expect.stringContaining(word) });
  });

  it("never repeats the value of an environment variable", () => {
    const parsed = metadataOf({ envs: [{ name: "TOKEN", value: "s3cret\0" }] });

    expect(parsed).toEqual({ problem: expect.not.stringContaining("s3cret") });
  });

  it("cuts a long value in the sentence", () => {
    const parsed = parse({ command: `[${"x".repeat(10_000)}` });

    expect("problem" in parsed ? parsed.problem.length : 0).toBeLessThan(300);
  });
});
