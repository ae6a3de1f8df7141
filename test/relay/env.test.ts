import { describe, expect, it } from "vitest";
import { HELP, parseEnv } from "../../relay/env.ts";

const good = {
  WATCHBELL_URL: "https://watchbell.example.com/base/",
  WATCHBELL_CLUSTER: "local",
  WATCHBELL_JOIN_TOKEN: "wbj_secret",
  KUBECONFIG: "/tmp/kubeconfig",
};

describe("the relay's environment", () => {
  it("is read with its defaults", () => {
    expect(parseEnv(good)).toEqual({
      ok: true,
      settings: {
        linkUrl: "wss://watchbell.example.com/base/relay/local",
        cluster: "local",
        joinToken: "wbj_secret",
        kubeconfig: "/tmp/kubeconfig",
        namespaces: [],
        healthPort: 8080,
        healthHost: "0.0.0.0",
        debug: false,
      },
    });
  });

  it("takes every variable", () => {
    const parsed = parseEnv({
      ...good,
      WATCHBELL_URL: "http://127.0.0.1:8787",
      WATCHBELL_NAMESPACES: "jobs, batch ,",
      WATCHBELL_HEALTH_PORT: "0",
      WATCHBELL_HEALTH_HOST: "127.0.0.1",
      WATCHBELL_DEBUG: "1",
    });

    expect(parsed).toMatchObject({
      settings: {
        linkUrl: "ws://127.0.0.1:8787/relay/local",
        namespaces: ["jobs", "batch"],
        healthPort: 0,
        healthHost: "127.0.0.1",
        debug: true,
      },
    });
  });

  it("needs no KUBECONFIG inside a cluster", () => {
    const parsed = parseEnv({ ...good, KUBECONFIG: "", KUBERNETES_SERVICE_HOST: "10.0.0.1" });

    expect(parsed).toMatchObject({ ok: true, settings: { kubeconfig: null } });
  });

  it.each([
    ["WATCHBELL_URL", undefined],
    ["WATCHBELL_URL", "watchbell.example.com"],
    ["WATCHBELL_URL", "ftp://watchbell.example.com"],
    ["WATCHBELL_URL", "https://user:pass@watchbell.example.com"],
    ["WATCHBELL_URL", "https://watchbell.example.com?a=b"],
    ["WATCHBELL_CLUSTER", undefined],
    ["WATCHBELL_CLUSTER", "Not_A_Label"],
    ["WATCHBELL_CLUSTER", "x".repeat(41)],
    ["WATCHBELL_JOIN_TOKEN", undefined],
    ["WATCHBELL_JOIN_TOKEN", "has blanks in it"],
    ["WATCHBELL_NAMESPACES", "good,Bad"],
    ["WATCHBELL_HEALTH_PORT", "http"],
    ["WATCHBELL_HEALTH_PORT", "65536"],
    ["WATCHBELL_HEALTH_PORT", "-1"],
    ["WATCHBELL_DEBUG", "perhaps"],
    ["KUBECONFIG", undefined],
  ])("with a bad %s (%s) gives one sentence that names it and says what to set", (name, value) => {
    const parsed = parseEnv({ ...good, [name]: value });

    expect(parsed.ok).toBe(false);
    const problems = parsed.ok ? [] : parsed.problems;
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} .*\\bset\\b.*\\.$`));
  });

  it("never repeats a token in a sentence", () => {
    const parsed = parseEnv({ ...good, WATCHBELL_JOIN_TOKEN: "se cret" });

    expect(JSON.stringify(parsed)).not.toContain("se cret");
  });

  it("names every variable in its help", () => {
    for (const name of Object.keys(good)) expect(HELP).toContain(name);
  });
});
