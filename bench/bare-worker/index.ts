import { DurableObject } from "cloudflare:workers";

type BareEnv = { DB: D1Database; CLOCKS: DurableObjectNamespace<BareClock> };

/** The least that a delayed job can be on this platform: an object whose alarm is armed. */
export class BareClock extends DurableObject<BareEnv> {
  async arm(at: number): Promise<void> {
    await this.ctx.storage.setAlarm(at);
  }

  override async alarm(): Promise<void> {}
}

/** The yardstick of `npm run bench`: one D1 row and one alarm per request, and nothing else. */
export default {
  async fetch(request: Request, env: BareEnv): Promise<Response> {
    const id = crypto.randomUUID();
    const body = await request.text();
    await env.DB.prepare("INSERT INTO jobs (id, body) VALUES (?, ?)").bind(id, body).run();
    await env.CLOCKS.get(env.CLOCKS.idFromName(id)).arm(Date.now() + 86_400_000);
    return Response.json({ code: 0, data: { job_id: id } });
  },
};
