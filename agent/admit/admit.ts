import type { QueueMessage } from "../../cloud/ports/queue.ts";
import type { Failure } from "../../jobs/failure.ts";
import { checkRequest } from "../../schemas/parameters.ts";
import type { JobOutput, JobRequest } from "../../schemas/request.ts";
import { validate } from "../../schemas/validate.ts";
import { UnknownSecret } from "../result/secrets.ts";
import type { Catalog, OfferedService } from "./catalog.ts";

/** Where the outcome goes. `unknown`: only an agent that knows the request's newer contract can tell. */
export type Destination = JobOutput | { type: "unknown" };

/** Who hears of the outcome, and how the response names the job. */
export interface Addressee {
  service: string;
  reference?: string;
  output: Destination;
}

/** What the fleet makes of a message, before anything is done for it. */
export type Admission =
  | { verdict: "run"; request: JobRequest; service: OfferedService; args: readonly string[]; told: Addressee }
  /** `park`: nobody can be told, so the request itself is kept for a person. */
  | { verdict: "refuse"; failure: Failure; told: Addressee; park: boolean }
  /** Right, but not for this agent: a newer contract, or a service whose needs another machine meets. */
  | { verdict: "return"; reason: string };

/** What this agent knows and holds. */
export interface Means {
  catalog: Catalog;
  holdsSecret: (ref: string) => boolean;
}

/** Validates, finds the service and filters the parameters against its manifest. Pure. */
export function admit(message: QueueMessage, means: Means, nowMs: number): Admission {
  const verdict = validate("request", message.body);
  if (!verdict.ok) {
    const [first] = verdict.problems;
    if (first.code === "contract-newer") return { verdict: "return", reason: first.message };
    const told = addresseeOf(message.body);
    return {
      verdict: "refuse",
      failure: { code: first.code, message: first.message, line: first.line },
      told: told ?? { service: verdict.service ?? "", output: { type: "store" } },
      park: told === undefined,
    };
  }
  return judge(verdict.value, means, message.sentAt, nowMs);
}

function judge(request: JobRequest, means: Means, sentAtMs: number, nowMs: number): Admission {
  const { catalog, holdsSecret } = means;
  const told = addressee(request);
  const refuse = (failure: Failure): Admission => ({ verdict: "refuse", failure, told, park: false });
  const unknown = secretsOf(request).find(({ ref }) => !holdsSecret(ref));
  if (unknown !== undefined) {
    const failure: Failure = { code: "secret-unknown", message: new UnknownSecret(unknown.ref).message };
    if (!unknown.neededToTell) return refuse(failure);
    return { verdict: "refuse", failure, told: { ...told, output: { type: "store" } }, park: true };
  }
  const broken = catalog.broken.get(request.service);
  // Our fault, not the client's: another agent, or the next release, may have a manifest that is whole.
  if (broken !== undefined) return { verdict: "return", reason: broken };
  const service = catalog.services.get(request.service);
  if (service === undefined) {
    const known = [...catalog.services.keys()].toSorted().join(", ");
    const message = `There is no service called ${request.service}. This fleet has: ${known}.`;
    return refuse({ code: "service-unknown", message });
  }
  if (request.deadlineS !== undefined && nowMs > sentAtMs + request.deadlineS * 1000) {
    const message = `The job was still waiting when its deadline of ${request.deadlineS} s had passed.`;
    return refuse({ code: "job-deadline", message });
  }
  const checked = checkRequest(service.manifest, request);
  if (!checked.ok) return refuse({ code: checked.code, message: checked.message });
  if (service.missing.length > 0) {
    return { verdict: "return", reason: `${request.service} cannot run here: ${service.missing.join("; ")}` };
  }
  return { verdict: "run", request, service, args: checked.args, told };
}

function secretsOf({ input, output }: JobRequest): { ref: string; neededToTell: boolean }[] {
  const found: { ref: string; neededToTell: boolean }[] = [];
  const add = (holder: object | undefined, neededToTell: boolean) => {
    if (holder !== undefined && "ref" in holder) found.push({ ref: String(holder.ref), neededToTell });
  };
  if (output.type === "callback") {
    add(output.credentials, true);
    add(output.signature, true);
  }
  if (input?.type === "http") add(input.credentials, false);
  return found;
}

/** Whom the outcome of this request is told, whatever else is wrong with it; undefined when it names no output. */
export function addresseeOf(body: string): Addressee | undefined {
  const verdict = validate("request", body);
  if (verdict.ok) return addressee(verdict.value);
  const output =
    verdict.output ?? (verdict.contract === undefined ? undefined : { type: "unknown" as const });
  return output && addressee({ ...verdict, service: verdict.service ?? "", output });
}

function addressee({ service, output, reference }: Addressee): Addressee {
  return { service, output, ...(reference === undefined ? {} : { reference }) };
}
