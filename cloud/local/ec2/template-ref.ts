import { AwsError } from "../aws-error.ts";
import type { Parameters } from "../simpledb/parameters.ts";
import type { LaunchData } from "./launch-data.ts";
import type { TemplateRef } from "./launch-spec.ts";
import type { Ec2State } from "./state.ts";
import type { Template } from "./template-table.ts";

/** The launch template that parameters name, by its id or name. Throws AwsError when there is none. */
export function templateOf(state: Ec2State, parameters: Parameters): Template {
  const id = parameters.optionalText("LaunchTemplateId");
  const name = parameters.optionalText("LaunchTemplateName");
  if ((id === undefined) === (name === undefined)) {
    throw new AwsError(
      "InvalidParameterCombination",
      "Specify either a launch template ID or name, not both or none.",
    );
  }
  const found = state.templates.find(id ?? name ?? "");
  if (found !== undefined && (found.id === id || found.name === name)) return found;
  if (id !== undefined) {
    throw new AwsError(
      "InvalidLaunchTemplateId.NotFound",
      `The specified launch template, with template ID ${id}, does not exist.`,
    );
  }
  throw new AwsError(
    "InvalidLaunchTemplateName.NotFoundException",
    `The specified launch template, with template name ${name ?? ""}, does not exist.`,
  );
}

/** What a version of a template says: a number, $Latest or $Default, which is also what no version means. */
export function templateData(
  state: Ec2State,
  parameters: Parameters,
): { template: TemplateRef; data: LaunchData } {
  const { id, name, defaultVersion, latestVersion } = templateOf(state, parameters);
  const asked = parameters.optionalText("Version") ?? "$Default";
  const wanted = asked === "$Default" ? defaultVersion : asked === "$Latest" ? latestVersion : Number(asked);
  const found = state.templates.versions(id).find((it) => it.version === wanted);
  if (found !== undefined) return { template: { id, name, version: found.version }, data: found.data };
  throw new AwsError(
    "InvalidLaunchTemplateId.VersionNotFound",
    `Could not find the specified version ${asked} for the launch template with ID ${id}.`,
  );
}
