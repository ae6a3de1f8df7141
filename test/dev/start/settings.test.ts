import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../dev/start/settings.ts";

function settingsOf(environment: Record<string, string>) {
  const parsed = parseSettings(environment, "/home/me/watchbell");
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.settings;
}

function problemOf(environment: Record<string, string>): string {
  const parsed = parseSettings(environment, "/");
  return parsed.ok ? "" : parsed.problem;
}

describe("the settings of npm start", () => {
  test("have the contract's defaults", () => {
    const settings = settingsOf({});

    expect(settings).toEqual({
      port: 8787,
      stateDir: "/home/me/watchbell/.watchbell",
      token: null,
      cluster: "local",
      kubeconfig: null,
      rateLimit: null,
      allowedIps: [],
      allowPrivateCallbacks: "1",
      callbackSecrets: null,
      draining: "",
    });
  });

  test("take every variable of the contract", () => {
    const settings = settingsOf({
      PORT: "9000",
      WATCHBELL_STATE: "/var/lib/bell",
      WATCHBELL_TOKEN: "a-token-of-mine",
      WATCHBELL_CLUSTER: "eu-1",
      KUBECONFIG: "/root/.kube/config",
      WATCHBELL_RATE_LIMIT: "6000",
      WATCHBELL_ALLOWED_IPS: "127.0.0.1, 10.0.0.0/8,2001:db8::/32",
      WATCHBELL_ALLOW_PRIVATE_CALLBACKS: "0",
      WATCHBELL_DRAINING: "1",
      WATCHBELL_CALLBACK_SECRETS: `whsec_${"A".repeat(32)}, whsec_${"B".repeat(32)}`,
    });

    expect(settings).toEqual({
      port: 9000,
      stateDir: "/var/lib/bell",
      token: "a-token-of-mine",
      cluster: "eu-1",
      kubeconfig: "/root/.kube/config",
      rateLimit: 6000,
      allowedIps: ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"],
      allowPrivateCallbacks: "0",
      draining: "1",
      callbackSecrets: `whsec_${"A".repeat(32)},whsec_${"B".repeat(32)}`,
    });
  });

  test("take an empty variable for none, except where empty means no", () => {
    const settings = settingsOf({ PORT: "", WATCHBELL_CLUSTER: "", WATCHBELL_ALLOW_PRIVATE_CALLBACKS: "" });

    expect(settings).toMatchObject({ port: 8787, cluster: "local", allowPrivateCallbacks: "" });
  });

  test.each([
    ["PORT", "http"],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["WATCHBELL_CLUSTER", "Not A Label"],
    ["WATCHBELL_CLUSTER", "a".repeat(41)],
    ["WATCHBELL_RATE_LIMIT", "0"],
    ["WATCHBELL_RATE_LIMIT", "many"],
    ["WATCHBELL_ALLOWED_IPS", "10.0.0.0/33"],
    ["WATCHBELL_ALLOWED_IPS", "localhost"],
    ["WATCHBELL_ALLOWED_IPS", "10.0.0.1/8/9"],
  ])("refuse %s=%s in a sentence that names both", (name, value) => {
    const problem = problemOf({ [name]: value });

    expect(problem.startsWith(`${name} is ${JSON.stringify(value)}: it must be `)).toBe(true);
  });

  test("refuse a token without repeating it", () => {
    const problem = problemOf({ WATCHBELL_TOKEN: "two words" });

    expect(problem).toBe("WATCHBELL_TOKEN must be 8 to 512 printable characters without blanks");
  });
});
