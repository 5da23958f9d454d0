import type { Http, HttpResponse } from "../../base/http.ts";
import { codeOf, reasonOf } from "../../base/errors.ts";
import { InputFailure } from "./input.ts";

/** A body on its way, and its length when the server said so. */
export interface Source {
  body: AsyncIterable<Uint8Array>;
  bytes: number | undefined;
  /** Drops what was not read and frees the connection. Never rejects. */
  discard(): Promise<void>;
}

const MOST_REDIRECTS = 5;

/**
 * Opens an http or https input. Credentials go to the origin that the request named and to no other.
 * Throws InputFailure with the code that the answer deserves.
 */
export async function openHttp(
  http: Http,
  href: string,
  basicAuth: string | undefined,
  signal: AbortSignal,
): Promise<Source> {
  const first = new URL(href);
  let url = first;
  for (let hop = 0; ; hop++) {
    const response = await ask(http, url, url.origin === first.origin ? basicAuth : undefined, signal);
    if (response.status >= 200 && response.status < 300) return source(response);
    await response.discard();
    const location = response.headers["location"];
    if (response.status < 300 || response.status >= 400 || location === undefined) {
      throw refusal(response.status, url);
    }
    if (hop === MOST_REDIRECTS) {
      throw failure(
        "input-refused",
        `The input ${shown(first)} redirects more than ${MOST_REDIRECTS} times.`,
      );
    }
    url = redirected(url, location);
  }
}

async function ask(
  http: Http,
  url: URL,
  basicAuth: string | undefined,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const headers: Record<string, string> = {
    "user-agent": "Drover",
    accept: "*/*",
    "accept-encoding": "identity",
  };
  if (basicAuth !== undefined) headers["authorization"] = basicAuth;
  try {
    return await http.request({ method: "GET", url: url.href, headers, signal });
  } catch (error) {
    signal.throwIfAborted();
    if (codeOf(error) === "address-refused") {
      throw failure(
        "input-refused",
        `The input ${shown(url)} is at an address that jobs may not reach.`,
        error,
      );
    }
    throw failure(
      "input-unreachable",
      `The input ${shown(url)} could not be reached: ${reasonOf(error)}. Check that the server is up and its name right.`,
      error,
    );
  }
}

function source(response: HttpResponse): Source {
  const length = response.headers["content-length"];
  const bytes = length === undefined ? undefined : Number(length);
  return { body: response.body, bytes, discard: () => response.discard() };
}

function redirected(from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) {
    throw failure(
      "input-refused",
      `The input ${shown(from)} redirects to something that is not http or https.`,
    );
  }
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw failure(
      "input-refused",
      `The input ${shown(from)} redirects from https to http, which is not followed.`,
    );
  }
  return to;
}

function refusal(status: number, url: URL): InputFailure {
  const at = shown(url);
  if (status === 404 || status === 410) {
    return failure("input-not-found", `The input ${at} does not exist (HTTP ${status}). Check the address.`);
  }
  if (status === 401 || status === 403) {
    return failure(
      "input-unauthorized",
      `The server refused the input ${at} (HTTP ${status}). Check the credentials.`,
    );
  }
  if (status >= 500 || status === 408 || status === 425 || status === 429) {
    return failure(
      "input-unreachable",
      `The server of the input ${at} answered HTTP ${status}. Try again later.`,
    );
  }
  return failure("input-refused", `The server answered HTTP ${status} for the input ${at}.`);
}

function failure(code: InputFailure["failure"]["code"], message: string, cause?: unknown): InputFailure {
  return new InputFailure({ code, message }, { cause });
}

/** Without query and userinfo, which may hold secrets. */
function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
