import { describe, expect, it } from "vitest";
import { parseSettings, settingsOf } from "../../worker/env.ts";

const SECRET = `whsec_${"A".repeat(32)}`;

describe("parseSettings", () => {
  it("is closed, unlimited and strict where nothing is set", () => {
    expect(parseSettings({})).toEqual({
      token: "",
      rateLimit: { counts: "nothing" },
      allowedIps: [],
      allowPrivateCallbacks: false,
      callbackSecrets: [],
      draining: false,
    });
  });

  it("reads every variable", () => {
    const settings = parseSettings({
      WATCHBELL_TOKEN: " secret ",
      WATCHBELL_RATE_LIMIT: "600",
      WATCHBELL_ALLOWED_IPS: "10.0.0.1, 2001:db8::/32,",
      WATCHBELL_ALLOW_PRIVATE_CALLBACKS: "1",
      WATCHBELL_DRAINING: "1",
      DB: {},
      WATCHBELL_CALLBACK_SECRETS: `${SECRET}, ${SECRET}`,
    });

    expect(settings).toEqual({
      token: "secret",
      rateLimit: { counts: "isolate", perMinute: 600 },
      allowedIps: ["10.0.0.1", "2001:db8::/32"],
      allowPrivateCallbacks: true,
      callbackSecrets: [SECRET, SECRET],
      draining: true,
    });
  });

  it.each([
    ["1", true],
    ["true", true],
    ["0", false],
    ["false", false],
    ["", false],
  ])("takes WATCHBELL_ALLOW_PRIVATE_CALLBACKS=%s as %s", (value, expected) => {
    expect(parseSettings({ WATCHBELL_ALLOW_PRIVATE_CALLBACKS: value }).allowPrivateCallbacks).toBe(expected);
  });

  it.each([
    ["WATCHBELL_RATE_LIMIT", "0"],
    ["WATCHBELL_RATE_LIMIT", "-1"],
    ["WATCHBELL_RATE_LIMIT", "many"],
    ["WATCHBELL_ALLOWED_IPS", "10.0.0.0/33"],
    ["WATCHBELL_ALLOWED_IPS", "localhost"],
  ])("names %s where it is %s", (name, value) => {
    expect(() => parseSettings({ [name]: value })).toThrow(new RegExp(`${name}.*${JSON.stringify(value)}`));
  });

  it("parses an env object once", () => {
    const env = { WATCHBELL_TOKEN: "a" };

    expect(settingsOf(env)).toBe(settingsOf(env));
  });

  it.each([
    "not-a-secret",
    `whsec_${"A".repeat(28)}`,
    `whsec_${"A".repeat(88)}`,
    `whsec_${"A".repeat(31)}`,
    `${SECRET},${SECRET},${SECRET}`,
  ])("refuses WATCHBELL_CALLBACK_SECRETS=%s without repeating it", (secrets) => {
    const parse = () => parseSettings({ WATCHBELL_CALLBACK_SECRETS: secrets });
    expect(parse).toThrow(/WATCHBELL_CALLBACK_SECRETS must be one or two/);
    expect(parse).not.toThrow(secrets);
  });
});
