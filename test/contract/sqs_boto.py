"""What people do with queues through boto3, checked on the way. Endpoint and credentials come from AWS_ variables."""
import json
import os
import time

import boto3
from botocore.exceptions import ClientError

sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1")


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"].endswith(code), error.response
    else:
        raise AssertionError(f"not refused with {code}")


def attribute(url, name):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]


url = sqs.create_queue(QueueName="plain", Attributes={"VisibilityTimeout": "30"}, tags={"team": "a"})["QueueUrl"]
assert sqs.get_queue_url(QueueName="plain")["QueueUrl"] == url
assert sqs.list_queues(QueueNamePrefix="pl")["QueueUrls"] == [url]
sqs.tag_queue(QueueUrl=url, Tags={"more": "b c"})
sqs.untag_queue(QueueUrl=url, TagKeys=["team"])
assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"more": "b c"}

# boto3 compares MD5OfMessageBody and MD5OfMessageAttributes by itself.
body = ' <a href="x">&amp;\r\n\tü 😀 ]]>'
sent = sqs.send_message(
    QueueUrl=url,
    MessageBody=body,
    MessageAttributes={
        "text": {"DataType": "String", "StringValue": "zwölf <"},
        "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        "number": {"DataType": "Number.int", "StringValue": "12"},
    },
)
(message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"])["Messages"]
assert (message["MessageId"], message["Body"]) == (sent["MessageId"], body)
assert message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\xff"
assert message["Attributes"]["ApproximateReceiveCount"] == "1"
sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
(message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
assert "Messages" not in sqs.receive_message(QueueUrl=url)

batch = sqs.send_message_batch(
    QueueUrl=url,
    Entries=[{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": "2", "DelaySeconds": 901}],
)
assert [it["Id"] for it in batch["Successful"]] == ["a"]
assert [(it["Id"], it["SenderFault"]) for it in batch["Failed"]] == [("b", True)]
(message,) = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
entry = {"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}
sqs.change_message_visibility_batch(QueueUrl=url, Entries=[{**entry, "VisibilityTimeout": 60}])
gone = sqs.delete_message_batch(QueueUrl=url, Entries=[entry, {"Id": "b", "ReceiptHandle": "none"}])
assert [it["Code"] for it in gone["Failed"]] == ["ReceiptHandleIsInvalid"]

fifo = sqs.create_queue(
    QueueName="q.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
)["QueueUrl"]
ids = [sqs.send_message(QueueUrl=fifo, MessageBody=f"m{n // 2}", MessageGroupId="g")["MessageId"] for n in range(6)]
assert len(set(ids)) == 3
ordered = sqs.receive_message(QueueUrl=fifo, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
assert [it["Body"] for it in ordered] == ["m0", "m1", "m2"]
assert ordered[0]["Attributes"]["MessageGroupId"] == "g"
assert "Messages" not in sqs.receive_message(QueueUrl=fifo)

dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
arn = attribute(dead, "QueueArn")
policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})
assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
sqs.send_message(QueueUrl=url, MessageBody="poison")
assert [len(sqs.receive_message(QueueUrl=url).get("Messages", [])) for _ in range(2)] == [1, 0]
assert attribute(dead, "ApproximateNumberOfMessages") == "1"
if hasattr(sqs, "start_message_move_task"):
    sqs.start_message_move_task(SourceArn=arn)
    for _ in range(100):
        if sqs.list_message_move_tasks(SourceArn=arn)["Results"][0]["Status"] == "COMPLETED":
            break
        time.sleep(0.02)
    assert attribute(url, "ApproximateNumberOfMessages") == "1"

refused("NonExistentQueue", sqs.get_queue_url, QueueName="none")
refused("ReceiptHandleIsInvalid", sqs.delete_message, QueueUrl=url, ReceiptHandle="none")
refused("EmptyBatchRequest", sqs.send_message_batch, QueueUrl=url, Entries=[])
refused("InvalidMessageContents", sqs.send_message, QueueUrl=url, MessageBody="\x01")
refused("MissingParameter", sqs.send_message, QueueUrl=fifo, MessageBody="m")
refused("InvalidAttributeName", sqs.set_queue_attributes, QueueUrl=url, Attributes={"Colour": "red"})
sqs.purge_queue(QueueUrl=url)
refused("PurgeQueueInProgress", sqs.purge_queue, QueueUrl=url)
sqs.delete_queue(QueueUrl=url)
refused("QueueDeletedRecently", sqs.create_queue, QueueName="plain")
print(f"boto3 {boto3.__version__} is content")
