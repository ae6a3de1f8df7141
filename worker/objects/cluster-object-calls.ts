/** How long a job may take to answer; an object that hangs must not hold back its cluster. */
const ANSWER_WITHIN_MS = 20_000;

/** Waits for a call to an object for at most 20 s, then throws; the call itself may still arrive. */
export async function within<Answer>(call: Promise<Answer>): Promise<Answer> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_WITHIN_MS / 1_000} s`)), ANSWER_WITHIN_MS);
  });
  try {
    return await Promise.race([call, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after that time; only used between attempts, since a timer keeps the object in memory. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
