import { z } from "zod";
import { readPrivate, type StateFolder, writePrivate } from "./state-folder.ts";

const Envelope = z.object({ code: z.number(), cause: z.string() });
const Registered = z.object({ code: z.literal(0), data: z.object({ join_token: z.string().min(1) }) });

/** Code AlreadyExistsError of the contract, part 2. */
const ALREADY_EXISTS = 105;

/** How the local system calls its own API. */
export type OwnApi = {
  url: string;
  token: string;
  /** An address on WATCHBELL_ALLOWED_IPS; null: every address may call. */
  callerIp: string | null;
};

export type JoinToken = { ok: true; joinToken: string } | { ok: false; problem: string };

/**
 * The relay's join token: the cluster is registered on the first start; later the kept token is used, or a new one asked
 * for where its file is gone or somebody rotated it away.
 */
export async function settleJoinToken(api: OwnApi, folder: StateFolder, cluster: string): Promise<JoinToken> {
  try {
    return await keptOrNew(api, folder, cluster);
  } catch (error) {
    // Most likely the Worker died, or a stop ended it, in the middle of a call.
    return { ok: false, problem: `the cluster ${cluster} could not be registered: ${reasonOf(error)}` };
  }
}

async function keptOrNew(api: OwnApi, folder: StateFolder, cluster: string): Promise<JoinToken> {
  const file = `${folder.joinTokenPath}-${cluster}`;
  const created = await post(api, "/api/cluster/create", { cluster });
  const kept = readPrivate(file);
  const isKnown = Envelope.safeParse(created).data?.code === ALREADY_EXISTS;
  if (isKnown && kept && (await isAccepted(api, cluster, kept))) return { ok: true, joinToken: kept };
  const answer = Registered.safeParse(created).success
    ? created
    : await post(api, `/api/cluster/rotate/${encodeURIComponent(cluster)}`, {});
  const registered = Registered.safeParse(answer);
  if (!registered.success) {
    const cause = Envelope.safeParse(answer).data?.cause ?? JSON.stringify(answer);
    return { ok: false, problem: `the cluster ${cluster} could not be registered: ${cause}` };
  }
  writePrivate(file, `${registered.data.data.join_token}\n`);
  return { ok: true, joinToken: registered.data.data.join_token };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** The link's route looks at the token first and only then asks for the upgrade, which this call does not want. */
async function isAccepted(api: OwnApi, cluster: string, joinToken: string): Promise<boolean> {
  const response = await fetch(`${api.url}/relay/${encodeURIComponent(cluster)}`, {
    headers: { authorization: `Bearer ${joinToken}` },
  });
  await response.arrayBuffer();
  return response.status !== 401;
}

async function post(api: OwnApi, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${api.url}${path}`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${api.token}`,
      "content-type": "application/json",
      // The local runtime takes this header as given, so that an allow-list without 127.0.0.1 does not lock us out.
      ...(api.callerIp === null ? {} : { "cf-connecting-ip": api.callerIp }),
    },
    body: JSON.stringify(body),
  });
  return await response.json();
}
