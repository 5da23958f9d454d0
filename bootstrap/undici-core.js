// What stands for `undici` in the bundle: its package loads fetch, WebSocket, caches and mocks with the first import,
// 60 ms and 14 MB of every start, and Drover sends requests through an Agent and nothing else.
// Same signatures as undici's own index.js; an import of anything else fails the build.
import request from "undici/lib/api/api-request.js";
import { parseURL } from "undici/lib/core/util.js";

export { default as Agent } from "undici/lib/dispatcher/agent.js";
export { default as buildConnector } from "undici/lib/core/connect.js";

function requestWith(target, { dispatcher, ...options }) {
  const { origin, pathname, search } = parseURL(target);
  return request.call(dispatcher, { ...options, origin, path: `${pathname}${search}` });
}

export { requestWith as request };
