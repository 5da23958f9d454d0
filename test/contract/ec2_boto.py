"""What people do with instances through boto3, checked on the way. Endpoint and credentials come from AWS_ variables."""
import os

import boto3
from botocore.exceptions import ClientError

ec2 = boto3.client("ec2", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1")


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
    else:
        raise AssertionError(f"not refused with {code}")


def found(*filters, **arguments):
    wanted = [{"Name": name, "Values": values} for name, values in filters]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=wanted, **arguments)
    return [it for page in pages for group in page["Reservations"] for it in group["Instances"]]


script = "#!/bin/bash\ntrap 'exit 0' TERM\nwhile :; do sleep 0.1; done\n"
tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "a & b"}]}]

made = ec2.run_instances(
    ImageId="ami-1", InstanceType="t3.micro", MinCount=7, MaxCount=7, TagSpecifications=tags, UserData=script
)["Instances"]
ids = [it["InstanceId"] for it in made]
assert len(set(ids)) == 7 and all(it["State"]["Name"] == "pending" for it in made), made
ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
assert [it["InstanceId"] for it in found(("tag:team", ["a*"]), PaginationConfig={"PageSize": 5})] == ids
assert found(("tag:team", ["b"])) == []
assert found(("instance-id", ids[:1]))[0]["Tags"] == [{"Key": "team", "Value": "a & b"}]
assert ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": ids[:1]}])["Tags"][0]["Value"] == "a & b"

template = ec2.create_launch_template(
    LaunchTemplateName="workers",
    LaunchTemplateData={"ImageId": "ami-1", "InstanceType": "t3.micro", "InstanceInitiatedShutdownBehavior": "terminate"},
)["LaunchTemplate"]
assert template["LatestVersionNumber"] == 1, template
fleet = dict(
    Type="instant",
    ClientToken="once",
    LaunchTemplateConfigs=[
        {
            "LaunchTemplateSpecification": {"LaunchTemplateId": template["LaunchTemplateId"], "Version": "$Latest"},
            "Overrides": [{"InstanceType": "c7i.large", "AvailabilityZone": "us-east-1b"}],
        }
    ],
    TargetCapacitySpecification={"TotalTargetCapacity": 2, "DefaultTargetCapacityType": "spot"},
    TagSpecifications=tags,
)
first, again = ec2.create_fleet(**fleet), ec2.create_fleet(**fleet)
(group,) = first["Instances"]
assert again["Instances"] == first["Instances"] and again["FleetId"] == first["FleetId"], again
assert (group["Lifecycle"], len(group["InstanceIds"]), first["Errors"]) == ("spot", 2, []), first
(one, two) = found(("instance-lifecycle", ["spot"]))
assert one["Placement"]["AvailabilityZone"] == "us-east-1b" and two["InstanceType"] == "c7i.large", (one, two)

refused("InvalidInstanceID.NotFound", ec2.terminate_instances, InstanceIds=["i-0123456789abcdef0"])
refused("DryRunOperation", ec2.terminate_instances, InstanceIds=ids, DryRun=True)
ids += group["InstanceIds"]
ending = ec2.terminate_instances(InstanceIds=ids)["TerminatingInstances"]
assert {it["CurrentState"]["Name"] for it in ending} == {"shutting-down"}, ending
ec2.get_waiter("instance_terminated").wait(InstanceIds=ids, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
ec2.delete_launch_template(LaunchTemplateName="workers")
assert ec2.describe_launch_templates()["LaunchTemplates"] == []
print("boto3", boto3.__version__, "is content")
