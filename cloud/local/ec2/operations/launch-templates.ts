import { AwsError } from "../../aws-error.ts";
import { invalid } from "../../simpledb/parameters.ts";
import type { XmlFields } from "../../simpledb/xml.ts";
import { passes, readFilters } from "../filters.ts";
import { once } from "../idempotency.ts";
import { newId } from "../ids.ts";
import { LAUNCH_PARAMETERS, type LaunchData, readLaunchData } from "../launch-data.ts";
import { onlyKnown } from "../names.ts";
import { pageOf } from "../paging.ts";
import type { Call, Ec2State, Operation } from "../state.ts";
import type { Template } from "../template-table.ts";
import { templateOf } from "../template-ref.ts";

const PAGE = { least: 1, most: 200 };

export const createLaunchTemplate: Operation = (state, call) => {
  onlyKnown(call, ["LaunchTemplateName", "LaunchTemplateData", "VersionDescription"]);
  const name = call.parameters.text("LaunchTemplateName");
  if (!/^[a-zA-Z0-9()./_-]{3,128}$/.test(name))
    throw invalid(name, "LaunchTemplateName", "It has 3 to 128 letters, digits, or ( ) . / - _");
  const data = dataOf(call);
  const { id } = once(state, call, () => {
    if (state.templates.find(name) !== undefined) {
      throw new AwsError(
        "InvalidLaunchTemplateName.AlreadyExistsException",
        "Launch template name already in use.",
      );
    }
    const now = state.clock.now();
    const made = newId("lt");
    state.templates.add(made, name, now);
    state.templates.addVersion(made, 1, now, data);
    return { id: made };
  });
  return { launchTemplate: templateItem(state, state.templates.find(id)) };
};

export const createLaunchTemplateVersion: Operation = (state, call) => {
  onlyKnown(call, ["LaunchTemplateName", "LaunchTemplateId", "LaunchTemplateData", "VersionDescription"]);
  const data = dataOf(call);
  const { id, name, latestVersion, defaultVersion } = templateOf(state, call.parameters);
  const { version } = once(state, call, () => {
    state.templates.addVersion(id, latestVersion + 1, state.clock.now(), data);
    return { version: latestVersion + 1 };
  });
  return {
    launchTemplateVersion: {
      launchTemplateId: id,
      launchTemplateName: name,
      versionNumber: version,
      defaultVersion: String(version === defaultVersion),
      createTime: new Date(state.clock.now()).toISOString(),
    },
  };
};

/** Changes which version is the default. */
export const modifyLaunchTemplate: Operation = (state, call) => {
  onlyKnown(call, ["LaunchTemplateName", "LaunchTemplateId", "SetDefaultVersion"]);
  const { id, latestVersion } = templateOf(state, call.parameters);
  const text = call.parameters.text("SetDefaultVersion");
  const version = text === "$Latest" ? latestVersion : Number(text);
  if (!state.templates.versions(id).some((it) => it.version === version)) {
    const message = `Could not find the specified version ${text} for the launch template with ID ${id}.`;
    throw new AwsError("InvalidLaunchTemplateId.VersionNotFound", message);
  }
  state.templates.makeDefault(id, version);
  return { launchTemplate: templateItem(state, state.templates.find(id)) };
};

export const describeLaunchTemplates: Operation = (state, call) => {
  const { parameters } = call;
  onlyKnown(call, ["Filter", "LaunchTemplateId", "LaunchTemplateName", "MaxResults", "NextToken"]);
  const ids = parameters.texts("LaunchTemplateId");
  const names = parameters.texts("LaunchTemplateName");
  const all = state.templates.all();
  for (const id of ids) {
    if (!all.some((it) => it.id === id))
      throw new AwsError(
        "InvalidLaunchTemplateId.NotFound",
        `The specified launch template ${id} does not exist.`,
      );
  }
  for (const name of names) {
    if (!all.some((it) => it.name === name)) {
      const message = "At least one of the launch templates specified in the request does not exist.";
      throw new AwsError("InvalidLaunchTemplateName.NotFoundException", message);
    }
  }
  const fields = { "launch-template-name": ({ name }: Template) => name };
  const filters = readFilters(parameters, fields);
  const found = all
    .filter(
      (it) => (ids.length === 0 || ids.includes(it.id)) && (names.length === 0 || names.includes(it.name)),
    )
    .filter((it) => passes(filters, it, {}, fields))
    .map((it, place) => ({ ...it, place }));
  const { items, nextToken } = pageOf(parameters, found, (it) => it.place, PAGE);
  return { launchTemplates: { item: items.map((it) => templateItem(state, it)) }, nextToken };
};

/** Its instances stay. */
export const deleteLaunchTemplate: Operation = (state, call) => {
  onlyKnown(call, ["LaunchTemplateName", "LaunchTemplateId"]);
  const template = templateOf(state, call.parameters);
  state.templates.drop(template.id);
  return { launchTemplate: templateItem(state, template) };
};

function dataOf(call: Call): LaunchData {
  const data = call.parameters.below("LaunchTemplateData");
  if (data === undefined)
    throw new AwsError("MissingParameter", "The request must contain the parameter LaunchTemplateData");
  onlyKnown(call, LAUNCH_PARAMETERS, "LaunchTemplateData.");
  return readLaunchData(data);
}

function templateItem(state: Ec2State, template: Template | undefined): XmlFields {
  if (template === undefined) return {};
  return {
    launchTemplateId: template.id,
    launchTemplateName: template.name,
    createTime: new Date(template.createdMs).toISOString(),
    createdBy: `arn:aws:iam::${state.account}:root`,
    defaultVersionNumber: template.defaultVersion,
    latestVersionNumber: template.latestVersion,
  };
}
