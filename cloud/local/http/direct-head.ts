import { headOf, type RequestHead } from "./head.ts";

/** A request whose head is plain enough to be answered without Node's HTTP server. */
export interface DirectHead {
  head: RequestHead;
  /** Where its body begins, and where the next request does. */
  bodyAt: number;
  endAt: number;
}

const METHOD = "POST ";
const MAX_HEAD_BYTES = 16 * 1024; // as Node's HTTP server
/** The largest body that SQS takes is 8 MiB; what is longer is Node's HTTP server's to refuse. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** A POST by HTTP/1.1 (RFC 9112), without a query: its path and its header lines. */
const PLAIN =
  /^POST (\/[\x21-\x3e\x40-\x7e]*) HTTP\/1\.1\r\n((?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)+)\r\n$/;

/** What changes how a request or its answer are framed; Node's HTTP server knows all of it. */
const FRAMING = ["transfer-encoding", "expect", "upgrade", "te", "trailer"] as const;

/**
 * Reads the head of a call to SQS by its JSON protocol, all of which look alike. Undefined for whatever does not begin
 * with the whole head of such a call, or is one in any unusual way.
 */
export function readDirectHead(bytes: Buffer): DirectHead | undefined {
  if (bytes.toString("latin1", 0, METHOD.length) !== METHOD) return undefined;
  const bodyAt = bytes.indexOf("\r\n\r\n") + 4;
  if (bodyAt < 4 || bodyAt > MAX_HEAD_BYTES) return undefined;
  const [, path, lines] = PLAIN.exec(bytes.toString("latin1", 0, bodyAt)) ?? [];
  if (path === undefined || lines === undefined) return undefined;
  const head = headOf("POST", path, fieldsOf(lines));
  const length = head.headers.get("content-length") ?? "";
  const connection = head.headers.get("connection")?.toLowerCase() ?? "keep-alive";
  if (!head.headers.has("x-amz-target") || !head.headers.has("host")) return undefined;
  if (!/^\d{1,7}$/.test(length) || Number(length) > MAX_BODY_BYTES) return undefined;
  if (connection !== "keep-alive" || FRAMING.some((name) => head.headers.has(name))) return undefined;
  return { head, bodyAt, endAt: bodyAt + Number(length) };
}

/** Names and values in turn, without the blanks around a value (RFC 9110, section 5.5: nothing else is one). */
function fieldsOf(lines: string): string[] {
  const fields: string[] = [];
  for (let from = 0; from < lines.length;) {
    const colon = lines.indexOf(":", from);
    const end = lines.indexOf("\r\n", colon);
    let [first, last] = [colon + 1, end];
    while (isBlank(lines, first)) first++;
    while (last > first && isBlank(lines, last - 1)) last--;
    fields.push(lines.slice(from, colon), lines.slice(first, last));
    from = end + 2;
  }
  return fields;
}

const isBlank = (text: string, at: number) => text[at] === " " || text[at] === "\t";
