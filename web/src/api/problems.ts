/** A request that failed, with words fit for a person. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    /** The HTTP status, or 0 when no answer came. */
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** No answer came, or the server asks to come back later. */
  get transient(): boolean {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }
}

const SIGNED_OUT = "Notes are shown here to people who are signed in, or who have a link to one.";

/** The error that an answer means: its problem+json detail where it has one. */
export function problemError(status: number, body: unknown): ApiError {
  if (status === 401) return new ApiError(status, SIGNED_OUT);
  if (typeof body === "object" && body !== null) {
    const { detail, title } = body as { detail?: unknown; title?: unknown };
    for (const text of [detail, title]) {
      if (typeof text === "string" && text.trim() !== "") return new ApiError(status, text);
    }
  }
  return new ApiError(status, `The server answered with status ${status}.`);
}

/** Any thrown value as an ApiError; aborts pass through as they are. */
export function requestError(error: unknown): Error {
  if (error instanceof ApiError) return error;
  if (error instanceof DOMException && error.name === "AbortError") return error;
  return new ApiError(0, "The server cannot be reached.");
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
