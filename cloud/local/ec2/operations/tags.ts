import { AwsError } from "../../aws-error.ts";
import { checkIds } from "../described.ts";
import { passes, readFilters } from "../filters.ts";
import { readTags } from "../launch-data.ts";
import { onlyKnown } from "../names.ts";
import { pageOf } from "../paging.ts";
import type { Operation } from "../state.ts";

const PAGE = { least: 5, most: 1000 };

/** Of instances alone; the tags of an instance's metadata are those of its launch. */
export const createTags: Operation = (state, call) => {
  onlyKnown(call, ["ResourceId", "Tag"]);
  const ids = call.parameters.texts("ResourceId");
  if (ids.length === 0)
    throw new AwsError("MissingParameter", "The request must contain the parameter resourceIdSet");
  checkIds(ids, (id) => state.instances.find(id) !== undefined);
  const tags = readTags(call.parameters);
  for (const id of ids) state.tags.put(id, tags);
  return { return: "true" };
};

interface Tag {
  place: number;
  resource: string;
  key: string;
  value: string;
}

export const describeTags: Operation = (state, call) => {
  const { parameters } = call;
  onlyKnown(call, ["Filter", "MaxResults", "NextToken"]);
  const tags: Tag[] = state.tags.all().map((it, place) => ({ ...it, place }));
  const fields: Record<string, (it: Tag) => string> = {
    key: (it) => it.key,
    value: (it) => it.value,
    "resource-id": (it) => it.resource,
    "resource-type": () => "instance",
  };
  const filters = readFilters(parameters, fields);
  const found = tags.filter((it) => passes(filters, it, { [it.key]: it.value }, fields));
  const { items, nextToken } = pageOf(parameters, found, (it) => it.place, PAGE);
  const item = items.map(({ resource, key, value }) => ({
    key,
    resourceId: resource,
    resourceType: "instance",
    value,
  }));
  return { tagSet: { item }, nextToken };
};
