"""Signs requests with botocore's own Signature Version 2, for comparison with ours.

Reads a JSON list of {url, params, credentials, signed_at} from stdin and writes one of {form, signature}: the sorted
form that was signed, and the signature.
"""

import calendar
import json
import sys
import time
import types

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def sign(case):
    moment = time.gmtime(calendar.timegm(time.strptime(case["signed_at"], "%Y-%m-%dT%H:%M:%SZ")))
    botocore.auth.time = types.SimpleNamespace(gmtime=lambda: moment, strftime=time.strftime)
    given = case["credentials"]
    credentials = Credentials(given["accessKeyId"], given["secretAccessKey"], given.get("sessionToken"))
    request = AWSRequest(method="POST", url=case["url"], data=dict(case["params"]))
    signer = botocore.auth.SigV2Auth(credentials)
    signer.add_auth(request)
    form, signature = signer.calc_signature(request, request.data)
    assert signature == request.data["Signature"]
    return {"form": form, "signature": signature}


print(json.dumps([sign(case) for case in json.load(sys.stdin)]))
