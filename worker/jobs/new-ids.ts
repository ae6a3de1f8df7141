/** 32 letters and digits, so that five random bits choose one; those that are mistaken for others are left out. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const JOB_ID_LENGTH = 26;
/** Ids given within one millisecond. */
const IDS_PER_MS = 2_048;

let lastRowId = 0;

/** A new job id: 130 random bits as 26 lower-case letters and digits, a valid Kubernetes label value. */
export function newJobId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(JOB_ID_LENGTH));
  return Array.from(bytes, (byte) => ALPHABET[byte & 31]).join("");
}

/** A new job's integer id: rises with time (`now`, epoch ms), unique within the isolate, exact in a double until 2109. */
export function newRowId(now: number): number {
  lastRowId = Math.max(lastRowId + 1, now * IDS_PER_MS);
  return lastRowId;
}
