/** Outgoing HTTP: inputs, callbacks, and the machine's own metadata service. */
export interface HttpRequest {
  method: "GET" | "POST" | "PUT";
  url: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
  /** Aborts the request and the reading of its body. */
  signal: AbortSignal;
}

export interface HttpResponse {
  status: number;
  /** Lower-case names; repeated headers are joined by a comma. */
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
  /** Drops the rest of the body and frees the connection. Never rejects. */
  discard(): Promise<void>;
}

export interface Http {
  /** Does not follow redirects; the caller decides. Rejects when no response head arrives. */
  request(request: HttpRequest): Promise<HttpResponse>;
}
