"""How calls end that failed: with a status, and where nobody foresaw it with a line of the log."""

from collections.abc import Callable

from google.rpc.error_details_pb2 import RequestInfo
from google.rpc.status_pb2 import Status

from interceptors.call import Call
from server.errors import is_foreseen, status_of
from server.logs import JsonLog
from server.storage.errors import StorageUnavailable

AnswerError = Callable[[Call, Exception], Status]


def error_answerer(log: JsonLog) -> AnswerError:
    """Gives an exception its status. What nobody foresaw is logged, and the status names the call
    as that line does.
    """

    def answer(call: Call, error: Exception) -> Status:
        status = status_of(error)
        state = getattr(error.__cause__, "sqlstate", None)
        if isinstance(error, StorageUnavailable) and state:  # such as 53100: the disk is full
            log.write({"event": "database_error", "call_id": call.id, "sqlstate": state})
        if not is_foreseen(error):
            log.unforeseen(call, error)
            status.details.add().Pack(RequestInfo(request_id=call.id))
        return status

    return answer
