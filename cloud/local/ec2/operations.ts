import { createFleet } from "./operations/create-fleet.ts";
import { describeInstances } from "./operations/describe-instances.ts";
import {
  createLaunchTemplate,
  createLaunchTemplateVersion,
  deleteLaunchTemplate,
  describeLaunchTemplates,
  modifyLaunchTemplate,
} from "./operations/launch-templates.ts";
import { runInstances } from "./operations/run-instances.ts";
import { createTags, describeTags } from "./operations/tags.ts";
import { terminateInstances } from "./operations/terminate-instances.ts";
import type { Operation } from "./state.ts";

export const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    CreateFleet: createFleet,
    CreateLaunchTemplate: createLaunchTemplate,
    CreateLaunchTemplateVersion: createLaunchTemplateVersion,
    CreateTags: createTags,
    DeleteLaunchTemplate: deleteLaunchTemplate,
    DescribeInstances: describeInstances,
    DescribeLaunchTemplates: describeLaunchTemplates,
    DescribeTags: describeTags,
    ModifyLaunchTemplate: modifyLaunchTemplate,
    RunInstances: runInstances,
    TerminateInstances: terminateInstances,
  }),
);
