import { DroverError } from "../base/errors.ts";

/** One thing that is wrong with a request: a stable code, and what to do about it. */
export interface Fault {
  code: string;
  message: string;
}

/** Thrown when a request, or the command line that describes it, must not be sent. Has every fault at once. */
export class RefusedRequest extends DroverError {
  override readonly name = "RefusedRequest";
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(faults[0]?.code ?? "request-invalid", faults.map(({ message }) => message).join(" "));
    this.faults = faults;
  }
}
