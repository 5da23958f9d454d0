import { ROLES, type ScalerPlace } from "./machine-policies.ts";
import type { Policy } from "./statements.ts";

/** The page beside what `drover init` wrote: what each file is for, and in which order to use them. */
export function explain(
  bucket: string,
  { machines, people }: { machines: readonly Policy[]; people: readonly Policy[] },
  {
    scaler,
    image,
    launchTemplate,
  }: { scaler: ScalerPlace; image: string | undefined; launchTemplate: string },
): string {
  const roles = [...machines, ...people]
    .map(({ name, why }) => `- \`policies/${name}.json\`: ${why}`)
    .join("\n");
  const template = image === undefined ? TEMPLATE_MISSING : templateStep(launchTemplate);
  return `# Fleet ${bucket}

Written by \`drover init\`, which may be run again: \`drover.yaml\` and \`release.key\` stay as they are, everything else follows
them. Nothing was created in the account yet.

- \`drover.yaml\`: the settings of the fleet, for your own commands and, inside the user-data, for every instance.
- \`release.key\`: signs releases. Whoever has it decides what your instances run. Keep it off the instances and out of
  repositories; put it where your deploys run, readable by them alone. A lost key means new user-data for every machine.
- \`user-data.sh\`: starts a bare Debian 12, Ubuntu 24.04 or Amazon Linux 2023. It holds the public half of the key.
  \`user-data.gz\` is the same compressed: that is what EC2 gets (\`--user-data fileb://user-data.gz\`), since it takes 16 KB.
  Both hold \`drover.yaml\`, so they are as secret as that.
${SCALER_FILES[scaler]}${roles}

## In this order

1. Read \`drover.yaml\`, change what you like, and run \`drover init\` again.
2. One role and instance profile for each kind of machine, under these very names, since they stand in the policies:

   \`\`\`sh
   for role in ${machines.map(({ name }) => name).join(" ")}; do
     aws iam create-role --role-name ${ROLES}$role --assume-role-policy-document file://policies/trust-ec2.json
     aws iam put-role-policy --role-name ${ROLES}$role --policy-name drover --policy-document file://policies/$role.json
     aws iam create-instance-profile --instance-profile-name ${ROLES}$role
     aws iam add-role-to-instance-profile --instance-profile-name ${ROLES}$role --role-name ${ROLES}$role
   done
   \`\`\`

   The other policies go to the people and programs they speak of.
3. \`drover setup --config drover.yaml\`: queues and bucket.
4. \`drover deploy --config drover.yaml --key release.key\`: the first release.
5. ${scaler === "nowhere" ? BY_HAND : template}
6. \`drover releases --config drover.yaml --key release.key\`: what runs where. Renew the signature before it expires:
   \`drover release renew\`.
${scaler === "nowhere" ? "" : startStep(scaler)}`;
}

const SCALER_FILES: Record<ScalerPlace, string> = {
  "control-host": `- \`control-host.sh\`, \`control-host.gz\`: the same for the machine that runs the autoscaler and no job; the smallest type will do.
  Two of them are fine, too: one is in charge, the other takes over when it dies.
`,
  everywhere:
    "- The instances run the autoscaler, too; one of them is in charge. So all of them hold its rights in EC2, and one must always be there.\n",
  nowhere: "",
};

const BY_HAND = `Start machines with \`user-data.gz\`, the profile \`${ROLES}instance\`, and the metadata service set to version 2 only
   (\`HttpTokens=required\`), with a hop limit of 1.`;

const TEMPLATE_MISSING = `Choose the image that instances start from and run \`drover init\` again with \`--image ami-…\`: it then writes
   \`launch-template.json\`, and here stands what to do with it.`;

const templateStep = (
  name: string,
) => `The launch template that the autoscaler starts instances from; after a change of \`drover.yaml\`
   \`create-launch-template-version\` makes it the next ones':

   \`\`\`sh
   aws ec2 create-launch-template --launch-template-name ${name} --launch-template-data file://launch-template.json
   \`\`\`

   In an account that never had a fleet or a spot instance, once:
   \`aws iam create-service-linked-role --aws-service-name ec2fleet.amazonaws.com\`, and the same with \`spot.amazonaws.com\`.`;

function startStep(scaler: ScalerPlace): string {
  const what =
    scaler === "everywhere"
      ? `the first instance from the launch template, with the tag \`drover:fleet\``
      : `the control host with \`control-host.gz\`, the profile \`${ROLES}control-host\`, and the metadata service as in the launch\n   template (\`HttpTokens=required\`, hop limit 1)`;
  return `7. Start ${what}. From then on the fleet has as many instances as
   its load asks for; \`drover status --config drover.yaml\` shows it.
`;
}
