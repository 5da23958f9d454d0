"""Everyday work with SimpleDB through botocore, whose requests and readings are not ours.

Usage: simpledb_boto.py ENDPOINT SIGNATURE_VERSION, credentials in the environment. Writes one JSON object.
"""

import json
import sys

import botocore.exceptions
import botocore.session
from botocore.config import Config

endpoint, version = sys.argv[1:]
config = Config(signature_version=version, retries={"max_attempts": 0})
sdb = botocore.session.get_session().create_client(
    "sdb", region_name="us-east-1", endpoint_url=endpoint, config=config
)
found = {}


def attributes(**pairs):
    return [{"Name": name, "Value": value} for name, values in pairs.items() for value in values]


def plain(item):
    return [item["Name"], sorted([it["Name"], it["Value"]] for it in item.get("Attributes", []))]


def refusal(call, **arguments):
    try:
        call(**arguments)
    except botocore.exceptions.ClientError as error:
        answer = error.response
        return [answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]]
    return None


domain = {"DomainName": "boto-" + version}
strange = "\u00e9 *~/+&=% <\"'> \U0001f600"
sdb.create_domain(**domain)
found["domains"] = sdb.list_domains()["DomainNames"]
sdb.put_attributes(ItemName=strange, Attributes=attributes(a=["1", "2"], text=[strange]), **domain)
found["get"] = plain(dict(sdb.get_attributes(ItemName=strange, ConsistentRead=True, **domain), Name=strange))
items = [{"Name": "i%02d" % i, "Attributes": attributes(n=["%02d" % i])} for i in range(25)]
sdb.batch_put_attributes(Items=items, **domain)
select = "select n from `%s` where n >= '10' and n < '15' order by n desc limit 2" % domain["DomainName"]
pages = sdb.get_paginator("select").paginate(SelectExpression=select)
found["pages"] = [[plain(item) for item in page.get("Items", [])] for page in pages]
found["count"] = plain(sdb.select(SelectExpression="select count(*) from `%s`" % domain["DomainName"])["Items"][0])
expected = {"Name": "n", "Value": "00"}
write = dict(ItemName="i00", Attributes=[{"Name": "n", "Value": "99", "Replace": True}], Expected=expected, **domain)
sdb.put_attributes(**write)
found["stale"] = refusal(sdb.put_attributes, **write)
found["missing"] = refusal(sdb.select, SelectExpression="select * from nowhere")
found["syntax"] = refusal(sdb.select, SelectExpression="select")
sdb.batch_delete_attributes(Items=[{"Name": "i%02d" % i} for i in range(1, 25)], **domain)
sdb.delete_attributes(ItemName=strange, Attributes=[{"Name": "a", "Value": "1"}], **domain)
metadata = sdb.domain_metadata(**domain)
found["counts"] = [metadata["ItemCount"], metadata["AttributeNameCount"], metadata["AttributeValueCount"]]
found["metadata"] = sorted(metadata["ResponseMetadata"].keys() & {"RequestId", "BoxUsage"})
sdb.delete_domain(**domain)
found["left"] = sdb.list_domains().get("DomainNames", [])
print(json.dumps(found))
