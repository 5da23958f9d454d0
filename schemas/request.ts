/** What a client asks for: the content of a request document (request.xsd) after validation. */
export interface JobRequest {
  /** Name of the service, e.g. `analyze`. */
  service: string;
  /** The contract revision the client wrote for; absent means 1. Higher than ours: for a newer agent. */
  contract?: number;
  /** The client's own name for the job; the same reference submitted twice is one job. */
  reference?: string;
  /** The whole job must have ended this many seconds after it was sent. */
  deadlineS?: number;
  input?: JobInput;
  /** In document order. A name may appear once. */
  parameters: readonly Parameter[];
  output: JobOutput;
}

export interface Parameter {
  name: string;
  value: string;
}

export type Credentials =
  /** Inline user and password. */
  | { type: "http-basic"; username: string; password: string }
  /** The name of a secret that the fleet holds, whose value is `user:password`. */
  | { type: "http-basic"; ref: string };

export type JobInput =
  | { type: "http"; href: string; credentials?: Credentials; sha256?: string }
  | { type: "s3"; href: string; sha256?: string };

/** How callbacks are signed (Standard Webhooks): a secret `whsec_…`, or the name of one that the fleet holds. */
export type WebhookSecret = { secret: string } | { ref: string };

export type JobOutput =
  | { type: "callback"; href: string; credentials?: Credentials; signature?: WebhookSecret }
  /** Without href: the fleet's response queue. */
  | { type: "queue"; href?: string }
  /** Kept in S3 only, for clients that poll. */
  | { type: "store" };
