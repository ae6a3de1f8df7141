import { describe, expect, it } from "vitest";
import { callbackUrlProblem } from "../../../worker/jobs/callback-url.ts";

describe("callbackUrlProblem", () => {
  it.each([
    "https://example.com/hook",
    "https://example.com:443/hook?x=1",
    "https://hooks.example.com:8443/",
    "https://example.com./",
    "HTTPS://EXAMPLE.COM/",
    "https://localhost.example.com/",
  ])("takes %s", (url) => {
    expect(callbackUrlProblem(url, false)).toBeNull();
  });

  it.each([
    ["http://example.com/", "https"],
    ["ftp://example.com/", "https"],
    ["example.com/hook", "https"],
    ["", "https"],
    ["https://", "https"],
    ["https://user:secret@example.com/", "user info"],
    ["https://user@example.com/", "user info"],
    ["https://example.com:80/", "port"],
    ["https://example.com:1023/", "port"],
    ["https://127.0.0.1/", "IP address"],
    ["https://127.1/", "IP address"],
    ["https://2130706433/", "IP address"],
    ["https://0x7f000001/", "IP address"],
    ["https://0177.0.0.1/", "IP address"],
    ["https://127.0.0.1./", "IP address"],
    ["https://[::1]/", "IP address"],
    ["https://[::ffff:127.0.0.1]/", "IP address"],
    ["https://１２７.0.0.1/", "IP address"],
    ["https://localhost/", "dot"],
    ["https://intranet/", "dot"],
    ["https://localhost./", "dot"],
    ["https://localhost../", "empty part"],
    ["https://127.0.0.1../", "empty part"],
    ["https://a..example.com/", "empty part"],
    ["https://0300.0250.1/", "IP address"],
    ["https://0xC0A80001/", "IP address"],
    ["https://10.0.0.0x1./", "IP address"],
    ["https://%31%32%37.0.0.1/", "IP address"],
    ["https://127。0。0。1/", "IP address"],
    ["https://①②⑦.0.0.1/", "IP address"],
    ["https://127%2e0%2e0%2e1/", "IP address"],
    ["https://[::ffff:7f00:1]/", "IP address"],
    ["https://[fe80::1]/", "IP address"],
    ["https://[64:ff9b::7f00:1]/", "IP address"],
    ["https://[fe80::1%25eth0]/", "https URL"],
    ["https://1.2.3.4.5/", "https URL"],
    ["https://256.1.1.1/", "https URL"],
    ["https://ｌｏｃａｌｈｏｓｔ/", "dot"],
    ["https://xn--/", "dot"],
    ["https://api.default｡svc/", ".svc"],
    ["https://api.default.SVC./", ".svc"],
    ["https://api.default.%73vc/", ".svc"],
    ["https://example.com@127.0.0.1/", "user info"],
    ["https://example.com:443@evil.example/", "user info"],
    ["https://:@example.com:8443@a.example/", "user info"],
    ["https:\\\\127.0.0.1\\", "IP address"],
    ["https://example.com:0/", "port"],
    ["https://example.com:65536/", "https URL"],
    ["https://a.localhost/", ".localhost"],
    ["https://printer.local/", ".local"],
    ["https://printer.LOCAL./", ".local"],
    ["https://metadata.google.internal/", ".internal"],
    ["https://api.default.svc/", ".svc"],
    ["https://api.default.svc.cluster.local/", ".local"],
    [`https://example.com/${"a".repeat(2_048)}`, "2048"],
  ])("refuses %s and says why", (url, why) => {
    expect(callbackUrlProblem(url, false)).toContain(why);
  });

  it.each(["http://127.0.0.1:9000/hook", "https://user@localhost:80/", "http://[::1]/"])(
    "takes %s where private callbacks are allowed",
    (url) => {
      expect(callbackUrlProblem(url, true)).toBeNull();
    },
  );

  it.each(["file:///etc/passwd", "nonsense", "javascript:alert(1)"])("refuses %s even then", (url) => {
    expect(callbackUrlProblem(url, true)).toContain("https");
  });
});
