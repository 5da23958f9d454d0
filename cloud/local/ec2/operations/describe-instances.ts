import { AwsError } from "../../aws-error.ts";
import type { XmlFields } from "../../simpledb/xml.ts";
import { checkIds, instanceItem, stateCodeOf } from "../described.ts";
import { passes, readFilters } from "../filters.ts";
import type { Ec2Instance } from "../instance-table.ts";
import { onlyKnown } from "../names.ts";
import { pageOf } from "../paging.ts";
import type { Operation } from "../state.ts";

const fields: Readonly<Record<string, (it: Ec2Instance) => string | undefined>> = {
  "availability-zone": ({ spec }) => spec.zone,
  "client-token": ({ spec }) => spec.clientToken,
  "image-id": ({ spec }) => spec.imageId,
  "instance-id": ({ id }) => id,
  "instance-lifecycle": ({ spec }) => (spec.market === "spot" ? "spot" : undefined),
  "instance-state-code": ({ state }) => String(stateCodeOf(state)),
  "instance-state-name": ({ state }) => state,
  "instance-type": ({ spec }) => spec.instanceType,
  "reservation-id": ({ reservation }) => reservation,
  "state-reason-code": ({ reason }) => reason?.code,
  "subnet-id": ({ spec }) => spec.subnetId,
};

const PAGE = { least: 5, most: 1000 }; // DescribeInstances, MaxResults

export const describeInstances: Operation = (state, call) => {
  const { parameters } = call;
  onlyKnown(call, ["Filter", "InstanceId", "MaxResults", "NextToken"]);
  const ids = parameters.texts("InstanceId");
  if (ids.length > 0 && parameters.optionalText("MaxResults") !== undefined) {
    const message = "The parameter instancesSet cannot be used with the parameter maxResults";
    throw new AwsError("InvalidParameterCombination", message);
  }
  const now = state.clock.now();
  const visible = state.instances.all().filter((it) => it.visibleMs <= now);
  checkIds(ids, (id) => visible.some((it) => it.id === id));
  const filters = readFilters(parameters, fields);
  const found = visible.filter(
    (it) => (ids.length === 0 || ids.includes(it.id)) && passes(filters, it, state.tags.of(it.id), fields),
  );
  const { items, nextToken } = pageOf(parameters, found, (it) => it.seq, PAGE);
  const reservations = Map.groupBy(items, (it) => it.reservation);
  const reservationSet: XmlFields[] = [...reservations].map(([reservationId, members]) => ({
    reservationId,
    ownerId: state.account,
    groupSet: "",
    instancesSet: { item: members.map((it) => instanceItem(it, state.tags.of(it.id), state.account)) },
  }));
  return { reservationSet: { item: reservationSet }, nextToken };
};
