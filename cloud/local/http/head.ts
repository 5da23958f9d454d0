import type { IncomingMessage } from "node:http";

/** What stands before a request's body, decoded once for routing and for the signature. */
export interface RequestHead {
  readonly method: string;
  /** The path as it was sent, still percent-encoded. */
  readonly rawPath: string;
  /** Decoded names and values, in the order sent. A name without `=` has the value "". */
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Lower-case names; repeated headers joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Throws URIError when the query is not valid percent-encoded UTF-8. */
export function readHead(request: IncomingMessage): RequestHead {
  return headOf(request.method ?? "GET", request.url ?? "/", request.rawHeaders);
}

/** `headers`: names and values in turn. Throws URIError as `readHead` does. */
export function headOf(method: string, target: string, headers: readonly string[]): RequestHead {
  const mark = target.indexOf("?");
  const joined = new Map<string, string>();
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? "").toLowerCase();
    const value = headers[index + 1] ?? "";
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before},${value}`);
  }
  return {
    method,
    rawPath: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? [] : readQuery(target.slice(mark + 1)),
    headers: joined,
  };
}

function readQuery(text: string): (readonly [string, string])[] {
  if (text === "") return [];
  return text.split("&").map((pair) => {
    const mark = pair.indexOf("=");
    const name = mark < 0 ? pair : pair.slice(0, mark);
    return [decode(name), mark < 0 ? "" : decode(pair.slice(mark + 1))] as const;
  });
}

const decode = (text: string) => decodeURIComponent(text.replaceAll("+", "%20"));

/** The value of a query parameter, or undefined when it is not there. */
export function parameter(head: RequestHead, name: string): string | undefined {
  return head.query.find(([found]) => found === name)?.[1];
}
