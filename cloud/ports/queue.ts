/** A queue with SQS semantics: at least once, any order, visibility timeouts. */
export interface QueueMessage {
  /** The queue's message id: the job's identity on its first journey. */
  id: string;
  /** Valid until the message is received again or deleted. */
  receiptHandle: string;
  body: string;
  /** User attributes of type String. */
  attributes: Record<string, string>;
  /** When the client sent it, epoch milliseconds by the queue's clock. */
  sentAt: number;
  /** 1 on the first delivery. */
  receiveCount: number;
  /** Epoch milliseconds by the queue's clock. */
  firstReceivedAt: number;
}

export interface ReceiveOptions {
  /** 1 to 10. */
  max: number;
  /** Long poll, 0 to 20 seconds. */
  waitS: number;
  visibilityTimeoutS: number;
  /**
   * Aborting ends the poll at once with an empty list. A message that the queue had handed out at that
   * moment is not lost: it is visible again after its visibility timeout.
   */
  signal?: AbortSignal;
}

export interface SendOptions {
  delayS?: number;
  attributes?: Record<string, string>;
}

/** What became of one entry of a batch. */
export interface BatchResult {
  receiptHandle: string;
  /** Absent on success. `gone` is true when the queue no longer knows the handle. */
  error?: { code: string; message: string; gone: boolean };
}

export interface Queue {
  readonly name: string;
  /** Where it is; two queues of one account share all but the last path segment. */
  readonly url: string;
  receive(options: ReceiveOptions): Promise<QueueMessage[]>;
  /** Resolves to the message id, once the queue has acknowledged the message. */
  send(body: string, options?: SendOptions): Promise<string>;
  /** At most 10 entries. Never rejects for a single entry's failure. */
  delete(receiptHandles: readonly string[]): Promise<BatchResult[]>;
  /** At most 10 entries. 0 seconds hands a message back at once. */
  changeVisibility(
    entries: readonly { receiptHandle: string; visibilityTimeoutS: number }[],
  ): Promise<BatchResult[]>;
  /** How long the queue keeps a message from its first sending on, seconds. */
  retentionS(): Promise<number>;
  /** Approximate on AWS, exact on the embedded cloud. */
  counts(): Promise<{ visible: number; inFlight: number; delayed: number }>;
}
