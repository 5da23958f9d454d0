"""Reads requests (a JSON list of [name, value] lists) and holds each against AWS's own description of EC2, as botocore
carries it: every parameter must stand there, every value must be what it may be, and nothing required may be missing.
Prints a line for each: its action, or what is wrong with it."""

import json
import sys

from botocore.session import get_session

model = get_session().get_service_model("ec2")


def wire_name(name, member):
    """As EC2's query protocol has it (botocore.serialize.EC2Serializer)."""
    serialization = member.serialization
    if "queryName" in serialization:
        return serialization["queryName"]
    given = serialization.get("name", name)
    return given[0].upper() + given[1:]


def check(shape, path, value, where):
    kind = shape.type_name
    if not path:
        assert kind not in ("structure", "list"), f"{where} is a {kind}"
        if kind == "integer":
            int(value)
        if kind == "boolean":
            assert value in ("true", "false"), f"{where}={value}"
        if kind == "string" and getattr(shape, "enum", []):
            assert value in shape.enum, f"{where}={value} is none of {shape.enum[:5]}…"
        return
    if kind == "list":
        assert path[0].isdigit(), where
        return check(shape.member, path[1:], value, where)
    assert kind == "structure", where
    members = {wire_name(name, member): member for name, member in shape.members.items()}
    assert path[0] in members, f"{where}: EC2 knows no {path[0]}"
    check(members[path[0]], path[1:], value, where)


def check_request(request):
    parameters = dict(request)
    action, version = parameters.pop("Action"), parameters.pop("Version")
    assert version == model.api_version, f"{version}, not {model.api_version}"
    shape = model.operation_model(action).input_shape
    for name, value in parameters.items():
        check(shape, name.split("."), value, f"{action}: {name}")
    tops = {name.split(".")[0] for name in parameters}
    for name in shape.required_members:
        assert wire_name(name, shape.members[name]) in tops, f"{action} lacks {name}"
    return action


for request in json.load(sys.stdin):
    try:
        print(check_request(request))
    except (AssertionError, ValueError) as wrong:
        print(wrong)
