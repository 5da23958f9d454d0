import { AwsError } from "../../aws-error.ts";
import { invalid, type Parameters } from "../../simpledb/parameters.ts";
import { instanceItem } from "../described.ts";
import { once } from "../idempotency.ts";
import { launch } from "../launch.ts";
import { LAUNCH_PARAMETERS, merged, readLaunchData } from "../launch-data.ts";
import { completed } from "../launch-spec.ts";
import { onlyKnown } from "../names.ts";
import type { Ec2State, Operation } from "../state.ts";
import { templateData } from "../template-ref.ts";

const PARAMETERS = [...LAUNCH_PARAMETERS, "LaunchTemplate", "MaxCount", "MinCount"];
const MOST = 1000;

/** Launches between `MinCount` and `MaxCount` instances, or none. */
export const runInstances: Operation = (state, call) => {
  const { parameters } = call;
  onlyKnown(call, PARAMETERS);
  const [min, max] = [countOf(parameters, "MinCount"), countOf(parameters, "MaxCount")];
  if (max < min) throw invalid(String(max), "MaxCount", "It is less than MinCount.");
  const { reservation } = once(state, call, () => {
    const reference = parameters.below("LaunchTemplate");
    const from = reference === undefined ? undefined : templateData(state, reference);
    const data = merged(from?.data ?? {}, readLaunchData(parameters));
    const launched = launch(state, {
      spec: {
        ...completed(data, state.region),
        clientToken: parameters.optionalText("ClientToken") ?? "",
        template: from?.template ?? null,
        fleetId: null,
      },
      tags: data.tags ?? {},
      min,
      max,
    });
    if (launched.ids.length > 0) return launched;
    const { code = "InternalError", message = "No instance was launched." } = launched.refusal ?? {};
    throw new AwsError(code, message);
  });
  return reservationOf(state, reservation);
};

function reservationOf(state: Ec2State, reservation: string) {
  const members = state.instances.all().filter((it) => it.reservation === reservation);
  return {
    reservationId: reservation,
    ownerId: state.account,
    groupSet: "",
    instancesSet: { item: members.map((it) => instanceItem(it, state.tags.of(it.id), state.account)) },
  };
}

function countOf(parameters: Parameters, name: string): number {
  const text = parameters.text(name);
  const count = Number(text);
  if (/^\d{1,9}$/.test(text) && count >= 1 && count <= MOST) return count;
  throw invalid(text, name, `It is a number from 1 to ${MOST}.`);
}
