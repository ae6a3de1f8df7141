import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { sendCallback, signaturesOf } from "../../../worker/objects/send-callback.ts";

const SECRETS = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"];
const LETTER = { id: "msg_1", url: "https://example.com/hook", body: '{"job_id":"a"}' };

it("signs with each secret, so that a receiver may have either", () => {
  const now = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  const headers = {
    "webhook-id": LETTER.id,
    "webhook-timestamp": String(now.getTime() / 1_000),
    "webhook-signature": signaturesOf(LETTER, SECRETS, now),
  };
  for (const secret of SECRETS) expect(new Webhook(secret).verify(LETTER.body, headers)).toEqual({ job_id: "a" });
  const another = new Webhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  expect(() => another.verify(LETTER.body, headers)).toThrow("No matching signature");
});

it("signs as the specification's example does", () => {
  const letter = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", url: "", body: '{"test": 2432232314}' };
  const signature = signaturesOf(letter, SECRETS.slice(0, 1), new Date(1_614_265_330_000));
  expect(signature).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

it.each([
  ["http://example.com/", { callbackSecrets: SECRETS, allowPrivateCallbacks: false }, "must be an https URL"],
  ["https://10.0.0.1/", { callbackSecrets: SECRETS, allowPrivateCallbacks: false }, "not an IP address"],
  ["https://example.com/", { callbackSecrets: [], allowPrivateCallbacks: false }, "WATCHBELL_CALLBACK_SECRETS"],
])("does not call %s under settings that forbid it, and says why", async (url, settings, why) => {
  const reply = await sendCallback({ ...LETTER, url }, settings, Date.now());
  expect(reply).toEqual({ http: 0, error: expect.stringContaining(why) });
});

it("says in words that nobody listens there", async () => {
  const settings = { callbackSecrets: SECRETS, allowPrivateCallbacks: true };
  const reply = await sendCallback({ ...LETTER, url: "http://127.0.0.1:1/" }, settings, Date.now());
  expect(reply).toEqual({ http: 0, error: expect.stringMatching(/^no connection: ./) });
});
