import { AwsError } from "../../aws-error.ts";
import { checkIds, stateOf } from "../described.ts";
import { onlyKnown } from "../names.ts";
import { reasons } from "../reasons.ts";
import type { Operation } from "../state.ts";

const MOST = 1000;

/** All or none; those that are ending or have ended stay as they are. */
export const terminateInstances: Operation = (state, call) => {
  onlyKnown(call, ["InstanceId"]);
  const ids = [...new Set(call.parameters.texts("InstanceId"))];
  if (ids.length === 0)
    throw new AwsError("MissingParameter", "The request must contain the parameter InstanceId");
  if (ids.length > MOST)
    throw new AwsError(
      "InvalidParameterValue",
      `At most ${MOST} instances can be terminated by one request.`,
    );
  const now = state.clock.now();
  const found = new Map(
    ids.flatMap((id) => {
      const instance = state.instances.find(id);
      return instance === undefined || instance.visibleMs > now ? [] : [[id, instance] as const];
    }),
  );
  checkIds(ids, (id) => found.has(id));
  const item = [...found.values()].map((instance) => {
    const { id, state: previous } = instance;
    const isEnding = previous === "shutting-down" || previous === "terminated";
    const current = isEnding ? previous : "shutting-down";
    if (!isEnding) state.instances.put({ ...instance, state: current, reason: reasons.asked });
    return { instanceId: id, currentState: stateOf(current), previousState: stateOf(previous) };
  });
  return { instancesSet: { item } };
};
