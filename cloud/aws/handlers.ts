/**
 * How long our SDK clients wait.
 *
 * The SDK has no request timeout by default, and `requestTimeout` only warns unless `throwOnRequestTimeout` is
 * set. A long poll must outlive its 20 s; everything else is given up sooner and retried by the SDK. Credentials,
 * region and AWS_ENDPOINT_URL come from the SDK's own chain.
 */
const CONNECT_TIMEOUT_MS = 5_000;
const CALL_TIMEOUT_MS = 15_000;
const POLL_TIMEOUT_MS = 30_000;
const MAX_SOCKETS = 64;

const common = {
  connectionTimeout: CONNECT_TIMEOUT_MS,
  throwOnRequestTimeout: true,
  // Plain objects, not agents: the SDK picks the right one for the endpoint's scheme.
  httpAgent: { maxSockets: MAX_SOCKETS, keepAlive: true },
  httpsAgent: { maxSockets: MAX_SOCKETS, keepAlive: true },
};

export const callHandler = { ...common, requestTimeout: CALL_TIMEOUT_MS };

/** Long polls hold their sockets, so they get a client of their own: 50 of them once made a send wait 4.8 s. */
export const pollHandler = { ...common, requestTimeout: POLL_TIMEOUT_MS };

/** Bodies of any length: the limit is on silence, not on the whole transfer. */
export const streamHandler = { ...common, socketTimeout: CALL_TIMEOUT_MS };

/**
 * For clients whose calls differ in their input alone: the SDK builds its chain of middleware for each kind of command once
 * instead of for each call, a tenth of an agent's work otherwise.
 */
export const steady = { cacheMiddleware: true };

interface Client {
  middlewareStack: { remove(name: string): boolean };
}

/** Without the SDK's own log, whose entries it composes for each call even when nobody is there to write them. */
export function silent<T extends Client>(client: T): T {
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}
