import assert from "node:assert/strict";
import {
  CreateLaunchTemplateCommand,
  CreateLaunchTemplateVersionCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplatesCommand,
  ModifyLaunchTemplateCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { refused } from "./assertions.ts";
import { ec2Api, ec2DevGuide, ec2Guide, type Check } from "./check.ts";
import { imageOf, makeFleet, makeTemplate, unique } from "./ec2-calls.ts";

const createTemplate = ec2Api("API_CreateLaunchTemplate");
const createVersion = ec2Api("API_CreateLaunchTemplateVersion");
const describeInstances = ec2Api("API_DescribeInstances");
const errors = ec2Api("errors-overview");
const idempotency = ec2DevGuide("ec2-api-idempotency");
const templates = ec2Guide("manage-launch-template-versions");

const MISSING = "i-0123456789abcdef0";

/** What costs nothing: launch templates, and requests that EC2 refuses. */
export const ec2TemplateChecks: readonly Check[] = [
  createTemplate(
    "ec2-template-first-version",
    "A new launch template has version 1, its default.",
    async (w) => {
      const LaunchTemplateNames = [await makeTemplate(w)];
      const { LaunchTemplates: found = [] } = await w.ec2.send(
        new DescribeLaunchTemplatesCommand({ LaunchTemplateNames }),
      );
      assert.equal(found.length, 1);
      assert.match(found[0]?.LaunchTemplateId ?? "", /^lt-[0-9a-f]{17}$/);
      assert.deepEqual([found[0]?.DefaultVersionNumber, found[0]?.LatestVersionNumber], [1, 1]);
    },
  ),
  createTemplate("ec2-template-name-taken", "A launch template's name can be used once.", async (w) => {
    const LaunchTemplateName = await makeTemplate(w);
    const again = new CreateLaunchTemplateCommand({
      LaunchTemplateName,
      LaunchTemplateData: { ImageId: "ami-0123456789abcdef0" },
    });
    await refused(w.ec2.send(again), "InvalidLaunchTemplateName.AlreadyExistsException", 400);
  }),
  createVersion(
    "ec2-template-versions",
    "Versions are numbered in the order in which they are made.",
    async (w) => {
      const LaunchTemplateName = await makeTemplate(w);
      const command = () =>
        new CreateLaunchTemplateVersionCommand({
          LaunchTemplateName,
          LaunchTemplateData: { ImageId: "ami-0123456789abcdef1" },
        });
      const made = [await w.ec2.send(command()), await w.ec2.send(command())];
      assert.deepEqual(
        made.map((it) => it.LaunchTemplateVersion?.VersionNumber),
        [2, 3],
      );
    },
  ),
  templates("ec2-template-default", "The default version is changed on request alone.", async (w) => {
    const LaunchTemplateName = await makeTemplate(w);
    const LaunchTemplateData = { ImageId: "ami-0123456789abcdef1" };
    await w.ec2.send(new CreateLaunchTemplateVersionCommand({ LaunchTemplateName, LaunchTemplateData }));
    const look = async () => {
      const asked = new DescribeLaunchTemplatesCommand({ LaunchTemplateNames: [LaunchTemplateName] });
      const [found] = (await w.ec2.send(asked)).LaunchTemplates ?? [];
      return [found?.DefaultVersionNumber, found?.LatestVersionNumber];
    };
    assert.deepEqual(await look(), [1, 2]);
    await w.ec2.send(new ModifyLaunchTemplateCommand({ LaunchTemplateName, DefaultVersion: "2" }));
    assert.deepEqual(await look(), [2, 2]);
  }),
  errors(
    "ec2-template-missing",
    "A launch template that is not there is named as the mistake.",
    async (w) => {
      const LaunchTemplateNames = [unique()];
      const asked = new DescribeLaunchTemplatesCommand({ LaunchTemplateNames });
      await refused(w.ec2.send(asked), "InvalidLaunchTemplateName.NotFoundException", 400);
    },
  ),
  idempotency(
    "ec2-token-other-request",
    "A client token is good for one request with its parameters.",
    async (w) => {
      const LaunchTemplateName = await makeTemplate(w);
      const add = (ImageId: string) =>
        w.ec2.send(
          new CreateLaunchTemplateVersionCommand({
            LaunchTemplateName,
            LaunchTemplateData: { ImageId },
            ClientToken: LaunchTemplateName,
          }),
        );
      const first = await add("ami-0123456789abcdef1");
      const again = await add("ami-0123456789abcdef1");
      assert.equal(again.LaunchTemplateVersion?.VersionNumber, first.LaunchTemplateVersion?.VersionNumber);
      await refused(add("ami-0123456789abcdef2"), "IdempotentParameterMismatch", 400);
    },
  ),
  errors("ec2-instance-missing", "An instance that is not there is named as the mistake.", async (w) => {
    const asked = new DescribeInstancesCommand({ InstanceIds: [MISSING] });
    await refused(w.ec2.send(asked), "InvalidInstanceID.NotFound", 400);
    const ended = new TerminateInstancesCommand({ InstanceIds: [MISSING] });
    await refused(w.ec2.send(ended), "InvalidInstanceID.NotFound", 400);
  }),
  errors("ec2-instance-malformed", "An id of another form is malformed.", async (w) => {
    const asked = new DescribeInstancesCommand({ InstanceIds: ["server-1"] });
    await refused(w.ec2.send(asked), "InvalidInstanceID.Malformed", 400);
  }),
  describeInstances("ec2-describe-page-size", "A page has at least five instances.", async (w) => {
    const asked = new DescribeInstancesCommand({ MaxResults: 4 });
    await refused(w.ec2.send(asked), "InvalidParameterValue", 400);
  }),
  describeInstances("ec2-describe-ids-or-pages", "Ids and a page's size exclude each other.", async (w) => {
    const asked = new DescribeInstancesCommand({ InstanceIds: [MISSING], MaxResults: 5 });
    await refused(w.ec2.send(asked), "InvalidParameterCombination", 400);
  }),
  describeInstances("ec2-describe-filter", "A filter that does not exist is refused.", async (w) => {
    const asked = new DescribeInstancesCommand({ Filters: [{ Name: "no-such-filter", Values: ["x"] }] });
    await refused(w.ec2.send(asked), "InvalidParameterValue", 400);
  }),
  ec2Api("API_RunInstances")("ec2-run-image", "An image's id has a form.", async (w) => {
    const asked = new RunInstancesCommand({ ImageId: "debian", MinCount: 1, MaxCount: 1 });
    await refused(w.ec2.send(asked), "InvalidAMIID.Malformed", 400);
  }),
  ec2Api("CommonParameters")("ec2-version", "A request names the version of the API.", async (w) => {
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const ask = (body: string) => w.raw({ method: "POST", target: "/", service: "ec2", headers, body });
    const answer = await ask("Action=DescribeInstances&Version=2001-01-01");
    assert.equal(answer.status, 400);
    assert.match(answer.body, /<Response><Errors><Error><Code>NoSuchVersion<\/Code>/);
    const fine = await ask("Action=DescribeInstances&Version=2016-11-15");
    assert.equal(fine.status, 200);
    assert.match(
      fine.body,
      /<DescribeInstancesResponse xmlns="http:\/\/ec2\.amazonaws\.com\/doc\/2016-11-15\/">/,
    );
  }),
  ec2Api("API_CreateFleet")(
    "ec2-fleet-template",
    "A fleet needs a launch template that is there.",
    async (w) => {
      imageOf(w);
      await refused(makeFleet(w, unique()), "InvalidLaunchTemplateName.NotFoundException", 400);
    },
  ),
];
