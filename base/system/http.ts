import { lookup } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { Agent, buildConnector, request } from "undici";
import { DroverError } from "../errors.ts";
import type { Http } from "../http.ts";

/** A server that accepts connections but never answers is given up after this long. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Silence in the middle of an answer; the caller's signal bounds the whole. */
const SILENCE_TIMEOUT_MS = 30_000;

/** A short rest is read, so that the connection can be used again; a longer one costs the connection. */
const DISCARD_BYTES = 64 * 1024;
const DISCARD_MS = 1_000;

/**
 * Where the machine's own credentials are handed out. A request document may name any server, but never these.
 * Source: EC2 and ECS documentation on the instance metadata and task credential endpoints.
 */
const METADATA_ADDRESSES = new BlockList();
METADATA_ADDRESSES.addSubnet("169.254.0.0", 16, "ipv4");
METADATA_ADDRESSES.addSubnet("fe80::", 10, "ipv6");
METADATA_ADDRESSES.addAddress("fd00:ec2::254", "ipv6");
METADATA_ADDRESSES.addAddress("fd00:ec2::23", "ipv6");

/**
 * Real HTTP. Redirects are the caller's decision. `close` frees the idle connections.
 * @param reach what documents name may be anywhere but where the machine's credentials are
 */
export function createSystemHttp(
  reach: "no-metadata" | "metadata" = "no-metadata",
): Http & { close(): Promise<void> } {
  const dispatcher = new Agent({
    connect: reach === "metadata" ? { timeout: CONNECT_TIMEOUT_MS } : guardedConnector(),
    headersTimeout: SILENCE_TIMEOUT_MS,
    bodyTimeout: SILENCE_TIMEOUT_MS,
  });
  return {
    request: async ({ method, url, headers, body, signal }) => {
      const answer = await request(url, { method, headers, body: body ?? null, signal, dispatcher });
      return {
        status: answer.statusCode,
        headers: Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [
            name,
            Array.isArray(value) ? value.join(", ") : (value ?? ""),
          ]),
        ),
        body: answer.body,
        discard: () =>
          answer.body
            .dump({ limit: DISCARD_BYTES, signal: AbortSignal.timeout(DISCARD_MS) })
            .catch(() => undefined),
      };
    },
    close: () => dispatcher.destroy(),
  };
}

/**
 * Refuses a literal before it is dialled, every answer of the DNS, and last the address of the connected socket, so that
 * neither a spelling, nor a name, nor rebinding gets past.
 */
function guardedConnector(): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, lookup: guardedLookup });
  return (options, callback) => {
    const literal = options.hostname.replace(/^\[|\]$/g, "");
    if (isIP(literal) !== 0 && isMetadata(literal)) {
      callback(refusal(), null);
      return;
    }
    connect(options, (...result) => {
      const [error, socket] = result;
      const address = socket?.remoteAddress;
      if (error !== null || address === undefined || !isMetadata(address)) {
        callback(...result);
        return;
      }
      socket?.destroy();
      callback(refusal(), null);
    });
  };
}

const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, address, family) => {
    const found = Array.isArray(address) ? address.map((it) => it.address) : [address];
    if (error === null && found.some((it) => isMetadata(it))) callback(refusal(), "", 4);
    else callback(error, address, family);
  });
};

function refusal(): DroverError {
  return new DroverError("address-refused", "The address belongs to the machine's own metadata service.");
}

/** Forms of IPv6 that stand for an IPv4 address: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056). */
function isMetadata(address: string): boolean {
  if (!isIPv6(address)) return METADATA_ADDRESSES.check(address, "ipv4");
  if (METADATA_ADDRESSES.check(address, "ipv6")) return true;
  const groups = groupsOf(address);
  const [high, low] = groups[0] === 0x2002 ? groups.slice(1, 3) : groups.slice(6);
  const standsForIpv4 =
    groups[0] === 0x2002 ||
    (groups[0] === 0x64 && groups[1] === 0xff9b) ||
    (groups.slice(0, 5).every((it) => it === 0) && (groups[5] === 0 || groups[5] === 0xffff));
  if (!standsForIpv4 || high === undefined || low === undefined) return false;
  return METADATA_ADDRESSES.check([high >> 8, high & 255, low >> 8, low & 255].join("."), "ipv4");
}

/** The eight groups of an IPv6 address; URL's parser writes every spelling in one way, hexadecimal and compressed. */
function groupsOf(address: string): number[] {
  const [head = "", tail] = new URL(`http://[${address.replace(/%.*$/, "")}]/`).hostname
    .slice(1, -1)
    .split("::");
  const [left, right] = [hexGroups(head), hexGroups(tail ?? "")];
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right];
}

function hexGroups(part: string): number[] {
  return part === "" ? [] : part.split(":").map((it) => Number.parseInt(it, 16));
}
