/** What a client gets back: the content of a response document (response.xsd). */
export interface JobResponse {
  /** Empty when the request was too broken to name one. */
  service: string;
  /**
   * `success`: the program ran and gave its output. `rejected`: the request was at fault, resending it
   * unchanged is useless. `failed`: the job was tried as often as its service allows. `cancelled`: somebody
   * asked for that.
   */
  status: "success" | "rejected" | "failed" | "cancelled";
  /** The job's identity: the id of the request's SQS message. */
  messageId: string;
  reference?: string;
  /** Present unless status is success. */
  error?: {
    /** Stable, kebab-case; listed in schemas/codes.ts. */
    code: string;
    /** Where in the request document, if the request is at fault. */
    line?: number;
  };
  rawOutput?: {
    /** Text for `none`; base64 of the bytes when XML cannot carry them. */
    encoding: "none" | "base64";
    content: string;
    /** True when the program wrote more than was kept. */
    truncated?: boolean;
  };
  artifacts: readonly Artifact[];
  timings?: Timings;
  /** One sentence for people: what happened and, if it failed, what to do. */
  message: string;
}

/** A file the program produced, kept in S3. */
export interface Artifact {
  name: string;
  /** s3://bucket/key */
  href: string;
  bytes: number;
  /** Lower-case hex. */
  sha256: string;
  /** Media type. */
  type: string;
}

/** Seconds, with three decimals in the document. */
export interface Timings {
  queuedS: number;
  inputS: number;
  runS: number;
}
