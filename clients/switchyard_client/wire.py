"""Messages to bytes and back through protobuf's C core.

betterproto2's own codec is pure Python and takes eight times as long for a usual answer. The
messages carry their field numbers and types; a descriptor is made from those when a message is
first used, so there is no second copy of the contract.

gRPC is given bytes and gives bytes. Where it is given a function that makes them, it only logs what
that function raises, and goes on with an empty message.
"""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from typing import Any, Generic, TypeVar, get_type_hints

import betterproto2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from switchyard_client.errors import unsendable
from switchyard_client.messages.google.protobuf import Duration

Kind = TypeVar("Kind", bound=betterproto2.Message)
MessageType = type[betterproto2.Message]
Convert = Callable[[Any], Any]

_PACKAGE = "switchyard_client.wire"
_FieldProto = descriptor_pb2.FieldDescriptorProto
# What values of another type, or out of range, make the core and betterproto2 raise.
_MISFITS = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


class Codec(Generic[Kind]):
    """Reads and writes messages of one kind."""

    def __init__(self, kind: type[Kind]) -> None:
        shapes = {shape.name: shape for shape in _reachable(kind)}
        pool = descriptor_pool.DescriptorPool()
        file = descriptor_pb2.FileDescriptorProto(name=f"{_PACKAGE}.proto", package=_PACKAGE)
        file.message_type.extend(shape.descriptor() for shape in shapes.values())
        pool.Add(file)  # type: ignore[no-untyped-call, unused-ignore]  # of protobuf's making
        name = f"{_PACKAGE}.{_name(kind)}"
        self._core = message_factory.GetMessageClass(pool.FindMessageTypeByName(name))
        self._read = _reader(_name(kind), shapes, {})
        self._write = _writer(_name(kind), shapes, {})

    def parse(self, data: bytes) -> Kind:
        """The message. Raises google.protobuf.message.DecodeError."""
        try:
            message: Kind = self._read(self._core.FromString(data))
        except (OverflowError, ValueError) as error:
            raise DecodeError(f"a time or a span is out of range: {error}") from None
        return message

    def dump(self, message: Kind) -> bytes:
        """Its bytes. Raises UnsendableRequest."""
        core = self._core()
        try:
            self._write(message, core)
        except _Misfit as misfit:
            raise unsendable(misfit.path, misfit.description) from None
        return core.SerializeToString()


@cache
def codec_of(kind: type[Kind]) -> Codec[Kind]:
    """The codec of a kind of messages; made once."""
    return Codec(kind)


def encoded(message: betterproto2.Message) -> bytes:
    """Its bytes. Raises UnsendableRequest."""
    return codec_of(type(message)).dump(message)


class _Misfit(Exception):
    """A value that its field cannot hold."""

    def __init__(self, path: str, description: str) -> None:
        super().__init__(path, description)
        self.path = path
        self.description = description


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    number: int
    proto_type: str  # of betterproto2: "string", "message", "map" ...
    is_repeated: bool
    has_presence: bool
    map_value: str  # of a map: the proto_type of its values; their keys are text
    kind: type | None  # of a message or an enum, or of a map's values
    is_wrapped: bool  # a datetime or a timedelta stands for the message

    @property
    def inner(self) -> str:
        """The name of the message that it holds, one or many; empty: it holds none."""
        holds = betterproto2.TYPE_MESSAGE in (self.proto_type, self.map_value)
        return _name(self.kind) if holds and self.kind else ""


@dataclasses.dataclass(frozen=True, slots=True)
class _Shape:
    kind: MessageType
    fields: tuple[_Field, ...]

    @property
    def name(self) -> str:
        return _name(self.kind)

    def descriptor(self) -> descriptor_pb2.DescriptorProto:
        """In proto2, where every field says whether it is there."""
        message = descriptor_pb2.DescriptorProto(name=self.name)
        for field in self.fields:
            made = message.field.add(name=field.name, number=field.number)
            many = field.is_repeated or field.proto_type == betterproto2.TYPE_MAP
            made.label = _FieldProto.LABEL_REPEATED if many else _FieldProto.LABEL_OPTIONAL
            if field.proto_type == betterproto2.TYPE_MAP:
                made.type = _FieldProto.TYPE_MESSAGE
                made.type_name = f".{_PACKAGE}.{self.name}.{_add_entry(message, field)}"
            else:
                _set_type(made, field.proto_type, field.inner)
        return message


def _add_entry(message: descriptor_pb2.DescriptorProto, field: _Field) -> str:
    """The nested message of a map from text to anything."""
    entry = message.nested_type.add(name=f"{field.name.title().replace('_', '')}Entry")
    entry.options.map_entry = True
    parts = (("key", betterproto2.TYPE_STRING, ""), ("value", field.map_value, field.inner))
    for number, (part, proto_type, inner) in enumerate(parts, start=1):
        made = entry.field.add(name=part, number=number, label=_FieldProto.LABEL_OPTIONAL)
        _set_type(made, proto_type, inner)
    return entry.name


def _set_type(made: descriptor_pb2.FieldDescriptorProto, proto_type: str, inner: str) -> None:
    made.type = _scalar(proto_type)
    if inner:
        made.type_name = f".{_PACKAGE}.{inner}"


def _scalar(name: str) -> "_FieldProto.Type.ValueType":
    # An enum as a number: a value that this client does not know must not get lost.
    if name == betterproto2.TYPE_ENUM:
        return _FieldProto.TYPE_INT32
    return _FieldProto.Type.Value(f"TYPE_{name.upper()}")


def _name(kind: type) -> str:
    return f"{kind.__module__}_{kind.__name__}".replace(".", "_")


def _reachable(kind: MessageType) -> Iterator[_Shape]:
    """The shape of a kind and of all that it holds, each once."""
    waiting, seen = [kind], {kind}
    while waiting:
        shape = _shape(waiting.pop())
        yield shape
        for field in shape.fields:
            if field.inner and field.kind and field.kind not in seen:
                seen.add(field.kind)
                waiting.append(field.kind)


def _shape(kind: MessageType) -> _Shape:
    module = __import__(kind.__module__, fromlist=["*"])
    hints = get_type_hints(kind, vars(module))
    fields = dataclasses.fields(kind)  # type: ignore[arg-type, unused-ignore]  # every message is a dataclass
    return _Shape(kind, tuple(_field(field, hints[field.name]) for field in fields))


def _field(field: "dataclasses.Field[Any]", hint: Any) -> _Field:
    meta = betterproto2.FieldMetadata.get(field)
    key, value = (m.proto_type for m in meta.map_meta) if meta.map_meta else ("", "")
    if meta.map_meta and (key != betterproto2.TYPE_STRING or value == betterproto2.TYPE_ENUM):
        raise NotImplementedError(f"{field.name}: a map by anything but text, or to an enum")
    holds_others = meta.map_meta or meta.repeated or meta.optional
    inner = hint.__args__[-1 if meta.map_meta else 0] if holds_others else hint
    return _Field(
        name=field.name,
        number=meta.number,
        proto_type=meta.proto_type,
        is_repeated=bool(meta.repeated),
        has_presence=bool(meta.optional or meta.group),
        map_value=value,
        kind=meta.unwrap() if meta.unwrap else inner,
        is_wrapped=meta.unwrap is not None,
    )


def _reader(name: str, shapes: dict[str, _Shape], made: dict[str, Convert]) -> Convert:
    """What turns a message of the core into ours.

    It makes the message without its constructor: every field is set here.
    """
    kind = shapes[name].kind
    plain: list[str] = []
    converted: list[tuple[str, Convert]] = []
    optional: list[tuple[str, Convert | None]] = []

    def read(core: Any) -> Any:
        values = {field: getattr(core, field) for field in plain}
        for field, change in converted:
            values[field] = change(getattr(core, field))
        for field, convert in optional:
            value = getattr(core, field) if core.HasField(field) else None
            values[field] = value if value is None or convert is None else convert(value)
        values["_unknown_fields"] = b""
        message = object.__new__(kind)
        message.__dict__ = values
        return message

    made[name] = read
    for field in shapes[name].fields:
        convert = _value_reader(field, shapes, made)
        if field.has_presence and not field.is_repeated:
            optional.append((field.name, convert))
        elif convert is not None:
            converted.append((field.name, convert))
        else:
            plain.append(field.name)
    return read


def _value_reader(
    field: _Field, shapes: dict[str, _Shape], made: dict[str, Convert]
) -> Convert | None:
    convert: Convert | None = None
    if field.proto_type == betterproto2.TYPE_ENUM:
        convert = field.kind
    elif field.inner:
        convert = made.get(field.inner) or _reader(field.inner, shapes, made)
        if field.is_wrapped:
            convert = _timedelta if field.kind is Duration else _unwrapped(convert)
    if field.proto_type == betterproto2.TYPE_MAP:
        return _by_key(convert) if convert else dict
    if not field.is_repeated:
        return convert
    return _many(convert) if convert else list


def _timedelta(core: Any) -> timedelta:
    return timedelta(seconds=core.seconds, microseconds=core.nanos / 1000)


def _unwrapped(read: Convert) -> Convert:
    return lambda core: read(core).to_wrapped()


def _many(convert: Convert) -> Convert:
    return lambda items: [convert(item) for item in items]


def _by_key(convert: Convert) -> Convert:
    return lambda items: {key: convert(item) for key, item in items.items()}


def _writer(
    name: str, shapes: dict[str, _Shape], made: dict[str, Callable[[Any, Any], None]]
) -> Callable[[Any, Any], None]:
    """What fills a message of the core from ours."""
    plan: list[tuple[_Field, Callable[[Any, Any], None] | None]] = []

    def write(message: Any, core: Any) -> None:
        values = vars(message)
        for field, write_inner in plan:
            value = values[field.name]
            if value is None or (not field.has_presence and not value and write_inner is None):
                continue
            try:
                if field.is_wrapped:
                    value = field.kind.from_wrapped(value)  # type: ignore[union-attr]  # it wraps
                _put(core, field, value, write_inner)
            except _Misfit as inner:
                raise _Misfit(f"{_place(core, field)}.{inner.path}", inner.description) from None
            except _MISFITS as error:
                raise _Misfit(field.name, _fault(error)) from None

    made[name] = write
    for field in shapes[name].fields:
        inner = field.inner
        plan.append((field, (made.get(inner) or _writer(inner, shapes, made)) if inner else None))
    return write


def _put(core: Any, field: _Field, value: Any, write: Callable[[Any, Any], None] | None) -> None:
    if write is None and not field.is_repeated and field.proto_type != betterproto2.TYPE_MAP:
        setattr(core, field.name, value)
        return
    target = getattr(core, field.name)
    if write is None:
        target.update(value) if field.proto_type == betterproto2.TYPE_MAP else target.extend(value)
    elif field.proto_type == betterproto2.TYPE_MAP:
        for key, item in value.items():
            write(item, target[key])
    elif field.is_repeated:
        for item in value:
            write(item, target.add())
    else:
        target.SetInParent()
        write(value, target)


def _place(core: Any, field: _Field) -> str:
    """The field; of many messages in it, the one that is being written: the last."""
    return (
        f"{field.name}[{len(getattr(core, field.name)) - 1}]" if field.is_repeated else field.name
    )


def _fault(error: Exception) -> str:
    if isinstance(error, UnicodeEncodeError):
        return "is not valid UTF-8"
    return str(error) if isinstance(error, ValueError) else "holds a value of another type"
