import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  type RequestLaunchTemplateData,
} from "@aws-sdk/client-ec2";
import type { Ec2Clients } from "./ec2.ts";
import { refusalOf } from "./ec2-errors.ts";

/** What every instance of a fleet has in common; its pool decides the rest. */
export interface TemplateSpec {
  /** 3 to 128 letters, digits, or ( ) . / - _ */
  name: string;
  imageId: string;
  /** For pools that name none. */
  instanceType?: string;
  /** Name of the instance profile whose role the instances have. */
  profile: string;
  /** The script that brings a machine up, or that compressed: at most 16 KiB. */
  userData: Uint8Array;
}

/** The launch template with this name says this from now on, as its latest version; older ones stay. */
export async function ensureLaunchTemplate({ call }: Ec2Clients, spec: TemplateSpec): Promise<void> {
  const LaunchTemplateName = spec.name;
  const LaunchTemplateData = templateData(spec);
  try {
    await call.send(new CreateLaunchTemplateCommand({ LaunchTemplateName, LaunchTemplateData }));
  } catch (error) {
    if (refusalOf(error)?.code !== "InvalidLaunchTemplateName.AlreadyExistsException") throw error;
    await call.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateName, LaunchTemplateData }));
  }
}

/**
 * A machine that shuts itself down is gone for good, or it would cost on and be nobody's. Its metadata service answers
 * version 2 alone, and nothing behind a further hop, so that no program that a job confuses can ask it for the role.
 */
export function templateData(spec: Omit<TemplateSpec, "name">): RequestLaunchTemplateData {
  return {
    ImageId: spec.imageId,
    ...(spec.instanceType === undefined ? {} : { InstanceType: spec.instanceType as "m7i.large" }),
    IamInstanceProfile: { Name: spec.profile },
    UserData: Buffer.from(spec.userData).toString("base64"),
    InstanceInitiatedShutdownBehavior: "terminate",
    MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
  };
}
