/** Machines that can be asked for and given back, with EC2's semantics: eventually consistent, sometimes refused. */

/** One kind of instance in one place: type × zone × market. */
export interface ComputePool {
  /** The name under which decisions and tags speak of the pool. */
  name: string;
  /** What is left out the launch template says. */
  instanceType?: string;
  /** An availability zone. */
  zone?: string;
  /** A subnet, which lies in one zone. */
  subnetId?: string;
  market: "on-demand" | "spot";
}

export interface LaunchRequest {
  /** At most 64 characters. A repeated request with the same token launches nothing more and answers the same. */
  token: string;
  pool: ComputePool;
  count: number;
}

export interface LaunchResult {
  /** At most `count`: the provider may grant a part. */
  instanceIds: string[];
  /** Why the rest was refused; `capacity` is true when the pool is short, false for a limit or a mistake of ours. */
  refusals: { code: string; message: string; capacity: boolean }[];
}

export interface ComputeInstance {
  id: string;
  /** The pool's name, from the instance's tag. */
  pool: string;
  state: "pending" | "running" | "shutting-down" | "terminated" | "stopping" | "stopped";
  market: "on-demand" | "spot";
  /** Epoch milliseconds by the provider's clock. */
  launchedAt: number;
  /** The token of the request that launched it, from its tag. */
  token: string;
  /** Why it went away, where the provider says so (for example Server.SpotInstanceTermination). */
  reason?: string;
}

export interface Compute {
  /** Rejects only when nothing is known to have been launched or when the outcome is unknown: then repeat with the token. */
  launch(request: LaunchRequest): Promise<LaunchResult>;
  /** All instances that carry the fleet's tag, those just terminated included while the provider lists them. */
  instances(): Promise<ComputeInstance[]>;
  /** Repeating it is harmless; an unknown id is ignored. */
  terminate(ids: readonly string[]): Promise<void>;
}
