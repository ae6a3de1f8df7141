const PASSING_STATUSES: readonly number[] = [429, 500, 502, 503, 504];
/** The cluster has not confirmed, or has refused: sent again it would wait again; what was asked for goes on. */
const FINAL_CODES: readonly number[] = [253, 255];

/** A refusal: the envelope's code and name with the HTTP status; the message is the API's `cause`. */
export class WatchbellError extends Error {
  override readonly name = "WatchbellError";
  /** The envelope's code; null where the answer was no envelope (a proxy's page, say). */
  readonly code: number | null;
  /** The code's name in the API's table, such as `AlreadyExistsError`; two codes have two names. */
  readonly errorMsg: string;
  readonly status: number;

  constructor(status: number, envelope: { code: number; cause: string; error_msg: string } | null) {
    super(envelope?.cause ?? `HTTP ${status} without the API's envelope: is the address right?`);
    this.code = envelope?.code ?? null;
    this.errorMsg = envelope?.error_msg ?? "";
    this.status = status;
  }

  /** Whether the same call may be answered otherwise a moment later. */
  get isPassing(): boolean {
    return PASSING_STATUSES.includes(this.status) && !(this.code !== null && FINAL_CODES.includes(this.code));
  }
}
