import { BlockList, isIPv6 } from "node:net";
import { Agent, buildConnector, request } from "undici";
import { DroverError } from "../errors.ts";
import type { Http } from "../http.ts";

/** A server that accepts connections but never answers is given up after this long. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Silence in the middle of an answer; the caller's signal bounds the whole. */
const SILENCE_TIMEOUT_MS = 30_000;

/**
 * Where the machine's own credentials are handed out. A request document may name any server, but never these.
 * Source: EC2 and ECS documentation on the instance metadata and task credential endpoints.
 */
const METADATA_ADDRESSES = new BlockList();
METADATA_ADDRESSES.addSubnet("169.254.0.0", 16, "ipv4");
METADATA_ADDRESSES.addSubnet("fe80::", 10, "ipv6");
METADATA_ADDRESSES.addAddress("fd00:ec2::254", "ipv6");
METADATA_ADDRESSES.addAddress("fd00:ec2::23", "ipv6");

/** Real HTTP. Redirects are the caller's decision. `close` frees the idle connections. */
export function createSystemHttp(): Http & { close(): Promise<void> } {
  const dispatcher = new Agent({
    connect: guardedConnector(),
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
        discard: () => answer.body.dump({ limit: 64 * 1024 }),
      };
    },
    close: () => dispatcher.destroy(),
  };
}

/** Checks the address of the connected socket, so that neither a literal, nor DNS, nor rebinding gets past it. */
function guardedConnector(): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS });
  return (options, callback) => {
    connect(options, (...result) => {
      const [error, socket] = result;
      const address = socket?.remoteAddress;
      if (error !== null || address === undefined || !isMetadata(address)) {
        callback(...result);
        return;
      }
      socket?.destroy();
      callback(
        new DroverError("address-refused", "The address belongs to the machine's own metadata service."),
        null,
      );
    });
  };
}

function isMetadata(address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return METADATA_ADDRESSES.check(mapped, "ipv4");
  return METADATA_ADDRESSES.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}
