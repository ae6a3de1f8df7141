/**
 * The closed list of refusals (contract, part 2): one entry for each pair of code and HTTP status. Several share a number,
 * as in the seed, so code is told by `errorMsg` and status.
 */
const ERRORS = {
  invalidParameter: { code: 100, errorMsg: "InvalidParameter", status: 400 },
  /** No or a bad token. */
  unauthorized: { code: 100, errorMsg: "InvalidParameter", status: 401 },
  /** A token without that right. */
  forbidden: { code: 100, errorMsg: "InvalidParameter", status: 403 },
  /** An unknown route, or an unknown cluster. */
  notFound: { code: 100, errorMsg: "InvalidParameter", status: 404 },
  wrongVerb: { code: 100, errorMsg: "InvalidParameter", status: 405 },
  upgradeRequired: { code: 100, errorMsg: "InvalidParameter", status: 426 },
  jobIdMissing: { code: 101, errorMsg: "JobIdError", status: 400 },
  jobUnknown: { code: 101, errorMsg: "JobIdError", status: 404 },
  bodyUnreadable: { code: 102, errorMsg: "BodyReadError", status: 400 },
  bodyTooLarge: { code: 102, errorMsg: "BodyReadError", status: 413 },
  ipIllegal: { code: 102, errorMsg: "IP_ILLEGAL", status: 403 },
  bodyUndecodable: { code: 103, errorMsg: "BodyDecodeError", status: 400 },
  overtime: { code: 103, errorMsg: "OVERTIME", status: 504 },
  /** A field is invalid. */
  verifyJob: { code: 104, errorMsg: "VerifyJobError", status: 422 },
  limitedFlow: { code: 104, errorMsg: "LIMITED_FLOW", status: 429 },
  alreadyExists: { code: 105, errorMsg: "AlreadyExistsError", status: 409 },
  serverClosed: { code: 106, errorMsg: "ServerClosedError", status: 503 },
  /** `route` names no known cluster. */
  unknownRoute: { code: 107, errorMsg: "ForwarderUrlError", status: 400 },
  unknown: { code: 110, errorMsg: "UNKNOWN_ERR", status: 500 },
  decode: { code: 120, errorMsg: "DECODE_ERR", status: 400 },
  encode: { code: 130, errorMsg: "ENCODE_ERR", status: 500 },
  publish: { code: 251, errorMsg: "PublishError", status: 503 },
  genJob: { code: 252, errorMsg: "GenJobError", status: 422 },
  deleteTimeout: { code: 253, errorMsg: "DeleteJobTimeoutError", status: 504 },
  jobSubmitted: { code: 254, errorMsg: "JobSubmittedError", status: 409 },
  /** The cluster refused the deletion; `cause` carries its words. */
  deleteRefused: { code: 255, errorMsg: "DeleteJobError", status: 502 },
} as const;

/** Names an entry of the closed list of refusals. */
export type ErrorKind = keyof typeof ERRORS;

/** What a refusal answers beside its `cause`. */
export function refusalFacts(kind: ErrorKind): { code: number; errorMsg: string; status: number } {
  return ERRORS[kind];
}

/** A refusal on its way to the caller; the message is the `cause`: one plain sentence that names field and value. */
export class ApiError extends Error {
  readonly kind: ErrorKind;
  readonly headers: Record<string, string>;

  constructor(kind: ErrorKind, cause: string, headers: Record<string, string> = {}) {
    super(cause);
    this.name = "ApiError";
    this.kind = kind;
    this.headers = headers;
  }
}

const DECODE_ERROR = "DecodeError";

/**
 * A stored value that can't be read: damaged, or a newer version's. The message is the `cause` (120), so it names no content; the
 * name is what is left of an error that comes from an object.
 */
export class DecodeError extends Error {
  override readonly name = DECODE_ERROR;
}

/** What every answer's body is; `code` 0 and empty words on success. */
export type Envelope<Data> = { code: number; cause: string; error_msg: string; data: Data };

function successEnvelope<Data>(data: Data): Envelope<Data> {
  return { code: 0, cause: "", error_msg: "", data };
}

/** Answers `code` 0 with this data, HTTP 200; throws 130 where the data holds what JSON can't say. */
export function success<Data>(data: Data): Response {
  try {
    return Response.json(successEnvelope(data));
  } catch (error) {
    logError("an answer could not be encoded", error);
    throw new ApiError("encode", "The answer holds a value that JSON can't say; it was logged.");
  }
}

/** Answers a refusal with its code, name and HTTP status (contract, part 2). */
export function failure(error: ApiError): Response {
  return Response.json(refusalEnvelope(error), { status: ERRORS[error.kind].status, headers: error.headers });
}

function refusalEnvelope(error: ApiError): Envelope<null> {
  const { code, errorMsg } = ERRORS[error.kind];
  return { code, cause: error.message, error_msg: errorMsg, data: null };
}

/** Answers any thrown value: a refusal as it is, all else as 110 in fixed words, with the details in the log only. */
export function failureOf(thrown: unknown): Response {
  return failure(refusalOf(thrown));
}

/** The envelope of one answer within a batch: of what the work gives, or of the refusal that it throws. */
export async function envelopeOf<Data>(work: () => Promise<Data>): Promise<Envelope<Data | null>> {
  try {
    return successEnvelope(await work());
  } catch (thrown) {
    return refusalEnvelope(refusalOf(thrown));
  }
}

function refusalOf(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof Error && thrown.name === DECODE_ERROR) {
    logError("a stored value can't be read", thrown);
    return new ApiError("decode", thrown.message);
  }
  logError("request failed", thrown);
  return new ApiError("unknown", "Something went wrong here; it was logged. Please try again.");
}

/**
 * Writes one structured line to the Worker's log: the innermost cause's message, and where the error came from. The messages
 * of outer errors stay out: a failed query's names its parameters, which are callers' secrets.
 */
export function logError(message: string, thrown: unknown): void {
  const detail = innermostMessage(thrown);
  const at = thrown instanceof Error ? stackFrames(thrown) : [];
  // biome-ignore lint/suspicious/noConsole: the console is the Worker's log.
  console.error(JSON.stringify({ level: "error", message, detail, at }));
}

function innermostMessage(thrown: unknown): string {
  let inner = thrown;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return inner instanceof Error ? `${inner.name}: ${inner.message}` : String(inner);
}

/** A stack begins with the message, of as many lines as that has; its frames are told by their form. */
function stackFrames(error: Error): string[] {
  const frames = (error.stack ?? "").replace(error.message, "").split("\n");
  return frames.filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
}

/** Writes one structured line to the Worker's log about something an operator should set right. */
export function logWarning(message: string): void {
  // biome-ignore lint/suspicious/noConsole: the console is the Worker's log.
  console.warn(JSON.stringify({ level: "warning", message }));
}
