import datetime

from buf.validate import validate_pb2 as _validate_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from switchyard.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OverBudget(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OVER_BUDGET_UNSPECIFIED: _ClassVar[OverBudget]
    OVER_BUDGET_DEGRADE: _ClassVar[OverBudget]
    OVER_BUDGET_REFUSE: _ClassVar[OverBudget]
OVER_BUDGET_UNSPECIFIED: OverBudget
OVER_BUDGET_DEGRADE: OverBudget
OVER_BUDGET_REFUSE: OverBudget

class Budget(_message.Message):
    __slots__ = ("tenant", "daily_micro_usd", "over_budget", "spent_micro_usd", "held_micro_usd", "reset_time")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    DAILY_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    OVER_BUDGET_FIELD_NUMBER: _ClassVar[int]
    SPENT_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    HELD_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    RESET_TIME_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    daily_micro_usd: int
    over_budget: OverBudget
    spent_micro_usd: int
    held_micro_usd: int
    reset_time: _timestamp_pb2.Timestamp
    def __init__(self, tenant: _Optional[str] = ..., daily_micro_usd: _Optional[int] = ..., over_budget: _Optional[_Union[OverBudget, str]] = ..., spent_micro_usd: _Optional[int] = ..., held_micro_usd: _Optional[int] = ..., reset_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Spending(_message.Message):
    __slots__ = ("day", "tenant", "model", "calls", "input_tokens", "output_tokens", "cost_micro_usd")
    DAY_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    INPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    day: str
    tenant: str
    model: str
    calls: int
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    def __init__(self, day: _Optional[str] = ..., tenant: _Optional[str] = ..., model: _Optional[str] = ..., calls: _Optional[int] = ..., input_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., cost_micro_usd: _Optional[int] = ...) -> None: ...

class GetBudgetRequest(_message.Message):
    __slots__ = ("tenant",)
    TENANT_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    def __init__(self, tenant: _Optional[str] = ...) -> None: ...

class GetBudgetResponse(_message.Message):
    __slots__ = ("budget",)
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ...) -> None: ...

class SetBudgetRequest(_message.Message):
    __slots__ = ("tenant", "daily_micro_usd", "over_budget")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    DAILY_MICRO_USD_FIELD_NUMBER: _ClassVar[int]
    OVER_BUDGET_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    daily_micro_usd: int
    over_budget: OverBudget
    def __init__(self, tenant: _Optional[str] = ..., daily_micro_usd: _Optional[int] = ..., over_budget: _Optional[_Union[OverBudget, str]] = ...) -> None: ...

class SetBudgetResponse(_message.Message):
    __slots__ = ("budget",)
    BUDGET_FIELD_NUMBER: _ClassVar[int]
    budget: Budget
    def __init__(self, budget: _Optional[_Union[Budget, _Mapping]] = ...) -> None: ...

class ListSpendingRequest(_message.Message):
    __slots__ = ("tenant", "days")
    TENANT_FIELD_NUMBER: _ClassVar[int]
    DAYS_FIELD_NUMBER: _ClassVar[int]
    tenant: str
    days: int
    def __init__(self, tenant: _Optional[str] = ..., days: _Optional[int] = ...) -> None: ...

class ListSpendingResponse(_message.Message):
    __slots__ = ("spending", "incomplete")
    SPENDING_FIELD_NUMBER: _ClassVar[int]
    INCOMPLETE_FIELD_NUMBER: _ClassVar[int]
    spending: _containers.RepeatedCompositeFieldContainer[Spending]
    incomplete: bool
    def __init__(self, spending: _Optional[_Iterable[_Union[Spending, _Mapping]]] = ..., incomplete: bool = ...) -> None: ...
