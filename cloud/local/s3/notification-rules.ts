/** One queue configuration of a bucket (user guide, "Enabling event notifications"). */
export interface NotificationRule {
  id: string;
  /** ARN. */
  queue: string;
  /** As the client wrote them, for example `s3:ObjectCreated:*`. */
  events: string[];
  prefix: string;
  suffix: string;
}

/** Events this cloud can have. */
export const supportedEvents = new Set(
  [
    "ObjectCreated:*",
    "ObjectCreated:Put",
    "ObjectCreated:Post",
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved:*",
    "ObjectRemoved:Delete",
    "ObjectRemoved:DeleteMarkerCreated",
  ].map((name) => `s3:${name}`),
);

export const readRules = (stored: string | null): NotificationRule[] =>
  stored === null ? [] : (JSON.parse(stored) as NotificationRule[]);

/** `eventName` as it stands in messages, without `s3:`. */
export function matches(rule: NotificationRule, eventName: string, key: string): boolean {
  if (!key.startsWith(rule.prefix) || !key.endsWith(rule.suffix)) return false;
  return rule.events.some((event) => covers(event, `s3:${eventName}`));
}

const covers = (event: string, other: string) =>
  event === other || (event.endsWith("*") && other.startsWith(event.slice(0, -1)));

/** Whether some object could match both: then S3 refuses the configuration. */
export function overlap(a: NotificationRule, b: NotificationRule): boolean {
  return (
    (a.prefix.startsWith(b.prefix) || b.prefix.startsWith(a.prefix)) &&
    (a.suffix.endsWith(b.suffix) || b.suffix.endsWith(a.suffix)) &&
    a.events.some((x) => b.events.some((y) => covers(x, y) || covers(y, x)))
  );
}
