import { headOf, type RequestHead } from "./head.ts";

/** A request whose head is plain enough to be answered without Node's HTTP server. */
export interface DirectHead {
  head: RequestHead;
  bodyBytes: number;
}

/** A POST by HTTP/1.1 (RFC 9112), without a query: its path and its header lines. */
const PLAIN =
  /^POST (\/[\x21-\x3e\x40-\x7e]*) HTTP\/1\.1\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+)\r\n$/;

/** What changes how a request or its answer are framed; Node's HTTP server knows all of it. */
const FRAMING = ["transfer-encoding", "expect", "upgrade", "te", "trailer"] as const;

/**
 * Reads the head of a call to SQS by its JSON protocol, all of which look alike. `text` ends with the empty line, one
 * character a byte. Undefined for whatever is not such a call, or is one in any unusual way.
 */
export function readDirectHead(text: string): DirectHead | undefined {
  const [, path, lines] = PLAIN.exec(text) ?? [];
  if (path === undefined || lines === undefined) return undefined;
  const headers: string[] = [];
  for (let from = 0; from < lines.length;) {
    const colon = lines.indexOf(":", from);
    const end = lines.indexOf("\r\n", colon);
    headers.push(lines.slice(from, colon), lines.slice(colon + 1, end).trim());
    from = end + 2;
  }
  const head = headOf("POST", path, headers);
  const length = head.headers.get("content-length") ?? "";
  const connection = head.headers.get("connection")?.toLowerCase() ?? "keep-alive";
  if (!head.headers.has("x-amz-target") || !head.headers.has("host")) return undefined;
  if (!/^\d{1,9}$/.test(length) || connection !== "keep-alive") return undefined;
  if (FRAMING.some((name) => head.headers.has(name))) return undefined;
  return { head, bodyBytes: Number(length) };
}
