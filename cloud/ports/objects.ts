/** A bucket with S3 semantics. Keys never start with a slash. */
export interface ObjectHead {
  etag: string;
  bytes: number;
  /** User metadata, lower-case names. */
  metadata: Record<string, string>;
  contentType: string | undefined;
  /** By the store's clock, epoch milliseconds, whole seconds. */
  lastModified: number;
  /** The store's clock when it answered: with lastModified it gives an age that no skew of ours can falsify. */
  storeNow: number;
}

export interface StoredObject extends ObjectHead {
  body: Uint8Array;
}

export interface ObjectStream {
  bytes: number;
  etag: string;
  body: AsyncIterable<Uint8Array>;
  /** Drops what was not read and frees the connection. Never rejects. */
  discard(): Promise<void>;
}

export interface PutOptions {
  contentType?: string;
  metadata?: Record<string, string>;
  /** `absent`: only when no object has the key. Otherwise only when the current one has this ETag. */
  condition?: "absent" | { etag: string };
}

/**
 * `stored`: ours is there. `exists`: the condition failed (412), nothing was written by this attempt, but an
 * earlier attempt whose answer was lost may have won: read back and compare.
 */
export type PutResult = { outcome: "stored"; etag: string } | { outcome: "exists" };

export interface Objects {
  readonly bucket: string;
  /** Retries 409 (ConditionalRequestConflict) itself. */
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<PutResult>;
  /** Streams a file of known size. */
  putStream(
    key: string,
    body: AsyncIterable<Uint8Array>,
    options: { bytes: number; contentType?: string; signal?: AbortSignal },
  ): Promise<void>;
  /** Undefined when there is no such object. */
  get(key: string): Promise<StoredObject | undefined>;
  head(key: string): Promise<ObjectHead | undefined>;
  /** Undefined when there is no such object. `bucket` names another bucket than this one. */
  getStream(
    key: string,
    options: { bucket?: string; signal?: AbortSignal },
  ): Promise<ObjectStream | undefined>;
  /** Keys in byte order, at most `max`. */
  list(prefix: string, options?: { max?: number; startAfter?: string }): Promise<string[]>;
  delete(key: string): Promise<void>;
  /** A download link that anyone can use until it expires. */
  presignGet(key: string, expiresS: number): Promise<string>;
}
