import { buildRequest } from "../../schemas/build.ts";
import type { JobRequest } from "../../schemas/request.ts";
import type { JobKind } from "./kinds.ts";

interface Asked {
  request: JobRequest | string;
  document: string;
}

const known = new Map<string, Asked>();

/** What the n-th job of a world asks for: the same few requests in every world, made once. */
function asked(kind: JobKind, n: number): Asked {
  const key = `${kind.name} ${n}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const request = kind.request(n);
  const made = { request, document: typeof request === "string" ? request : buildRequest(request) };
  known.set(key, made);
  return made;
}

export function requestOf(kind: JobKind, n: number): JobRequest | string {
  return asked(kind, n).request;
}

export function documentOf(kind: JobKind, n: number): string {
  return asked(kind, n).document;
}
