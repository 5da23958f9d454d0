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
