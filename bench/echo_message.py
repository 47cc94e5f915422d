"""What the echo takes and gives: a name and a text, with the rules that contracts usually state."""

from functools import cache
from typing import Any

from buf.validate import validate_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

STRING = descriptor_pb2.FieldDescriptorProto.TYPE_STRING
OPTIONAL = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL


@cache
def echo_message() -> Any:
    """The class of the echo's message."""
    file = descriptor_pb2.FileDescriptorProto(
        name="bench/echo.proto",
        package="bench",
        syntax="proto3",
        dependency=[validate_pb2.DESCRIPTOR.name],
    )
    fields = file.message_type.add(name="Message").field
    for number, (name, most) in enumerate((("id", 128), ("text", 65_536)), 1):
        field = fields.add(name=name, number=number, type=STRING, label=OPTIONAL)
        extension: Any = validate_pb2.field
        rules: Any = field.options.Extensions[extension].string
        rules.min_len, rules.max_len = 1, most
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("bench.Message"))
