/**
 * Keys as S3 encodes them in listings with `encoding-type=url` and in event messages: as a form would, so that a
 * space is `+`, but with the slash as it is.
 */
export function urlEncodeKey(key: string): string {
  return encodeURIComponent(key).replaceAll(/%20|%2F|[!'()~]/g, (one) => plain[one] ?? escaped(one));
}

const plain: Record<string, string> = { "%20": "+", "%2F": "/" };

const escaped = (one: string) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`;
