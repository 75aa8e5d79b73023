"""Logs which modules a request uses.

Written by `hotcold track`; `hotcold track --remove` takes it away again.
"""
# hotcold: skip-file

import logging
import threading

_REQUESTS_KEPT = 16
_logger = logging.getLogger("hotcold")
# AWS Lambda's root logger lets only warnings through.
if _logger.level == logging.NOTSET:
    _logger.setLevel(logging.INFO)
_seen: "dict[str, dict[str, object]]" = {}
_busy = threading.local()


def track_module_usage(module: str) -> None:
    """Logs `Module used: <module>`.

    In AWS Lambda once for each request and module, elsewhere at each call.
    """
    # A log handler may use a tracked module itself.
    if getattr(_busy, "now", False):
        return
    _busy.now = True
    try:
        request = _request()
        if request is None or (request and _is_first(request, module)):
            # `logging.config` disables loggers that it does not name.
            _logger.disabled = False
            _logger.info("Module used: %s", module, stacklevel=2)
    except Exception:  # noqa: BLE001, S110
        pass  # Counting usage must never break a request.
    finally:
        _busy.now = False


def _request() -> "str | None":
    """The id of the request, "" before the first, None if nobody knows it."""
    for handler in logging.getLogger().handlers:
        for known in handler.filters:
            # With this the Lambda runtime tells log lines their request.
            if type(known).__name__ == "LambdaLoggerFilter":
                record = logging.makeLogRecord({"name": _logger.name})
                known.filter(record)  # type: ignore[union-attr]
                return getattr(record, "aws_request_id", None)
    return None


def _is_first(request: str, module: str) -> bool:
    """Whether the request has not used the module before.

    There is no lock to wait for: each step is one operation of a dict.
    """
    modules = _seen.setdefault(request, {})
    if len(_seen) > _REQUESTS_KEPT:
        for old in list(_seen)[:-_REQUESTS_KEPT]:
            _seen.pop(old, None)
    mine = object()
    return modules.setdefault(module, mine) is mine
