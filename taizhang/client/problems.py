"""What a service refuses, as exceptions: one class a status, the code and the places as the service said them.

TaizhangError
├── Unreachable        no answer, however often it was asked
└── Problem            an answer that is not 2xx (RFC 9457)
    ├── Refused            400, 422: the input, place by place
    ├── NotSignedIn        401
    ├── Forbidden          403: the token lacks a scope
    ├── NotFound           404: not there, or somebody else's
    ├── Conflict           409: not from this state
    ├── Outdated           412: changed since it was read
    ├── TooLarge           413
    ├── TooManyRequests    429, after all attempts
    └── Unavailable        502, 503, 504, after all attempts
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self

import httpx


@dataclass(frozen=True)
class RowError:
    """What is wrong at one place. pointer: a JSON pointer into what was sent, e.g. `/17/staff/0/staff_id`."""

    pointer: str
    code: str
    detail: str

    @property
    def record(self) -> int | None:
        """The place of the record among those sent, counted from 0; None where the whole body is meant."""
        first = self.pointer.removeprefix("/").partition("/")[0]
        return int(first) if first.isdecimal() else None

    def moved(self, by: int) -> "RowError":
        """The same, where `by` records went before the ones that the pointer counts."""
        if self.record is None or by == 0:
            return self
        _, slash, field = self.pointer.removeprefix("/").partition("/")
        return replace(self, pointer=f"/{self.record + by}{slash}{field}")


class TaizhangError(Exception):
    """Whatever this client raises."""


class Unreachable(TaizhangError):
    """No answer came, however often it was asked. What was sent may have landed: sending it again does no harm."""


class Problem(TaizhangError):
    """An answer that is not 2xx."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str,
        title: str = "",
        errors: Sequence[RowError] = (),
        error_count: int = 0,
        request_id: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """`code`: stable, of docs/errors.md. `errors`: at most 100 of `error_count`. `request_id`: to ask the operator about."""
        super().__init__(detail)
        self.detail, self.status, self.code, self.title = detail, status, code, title
        self.errors, self.error_count = tuple(errors), error_count
        self.request_id, self.retry_after_seconds = request_id, retry_after_seconds

    def __str__(self) -> str:
        """The sentence, the code and the first places."""
        places = "".join(f"\n  {error.pointer}: {error.detail}" for error in self.errors[:10])
        more = self.error_count - len(self.errors[:10])
        return f"{self.detail} ({self.status} {self.code}){places}" + (f"\n  and {more} more" if more > 0 else "")

    def moved(self, by: int) -> Self:
        """The same, with the places of its errors counted from `by` records before."""
        return type(self)(
            self.detail,
            status=self.status,
            code=self.code,
            title=self.title,
            errors=[error.moved(by) for error in self.errors],
            error_count=self.error_count,
            request_id=self.request_id,
            retry_after_seconds=self.retry_after_seconds,
        )


class Refused(Problem):
    """400, 422: what was sent cannot be taken; `errors` says where and why. Nothing of an atomic batch is kept."""


class NotSignedIn(Problem):
    """401: no such client, a wrong secret, or one that was revoked."""


class Forbidden(Problem):
    """403: the token lacks the scope."""


class NotFound(Problem):
    """404: it is not there, or it is somebody else's."""


class Conflict(Problem):
    """409: the step is not there from this state, or the key was used for something else."""


class Outdated(Problem):
    """412: it was changed since it was read."""


class TooLarge(Problem):
    """413: the body is longer than the service takes."""


class TooManyRequests(Problem):
    """429, to every attempt."""


class Unavailable(Problem):
    """502, 503 or 504, to every attempt."""


_CLASSES: Mapping[int, type[Problem]] = {
    400: Refused,
    401: NotSignedIn,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Outdated,
    413: TooLarge,
    422: Refused,
    429: TooManyRequests,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def problem_of(answer: httpx.Response) -> Problem:
    """The problem that an answer tells, read to its end; of a proxy's page, its first lines."""
    said = _said(answer)
    errors = [RowError(each["pointer"], each["code"], each["detail"]) for each in said.get("errors", ())]
    return _CLASSES.get(answer.status_code, Problem)(
        said.get("detail") or said.get("title") or answer.text[:2000] or answer.reason_phrase,
        status=answer.status_code,
        code=said.get("code", "unknown"),
        title=said.get("title", ""),
        errors=errors,
        error_count=said.get("error_count", len(errors)),
        request_id=answer.headers.get("x-request-id"),
        retry_after_seconds=retry_after_seconds(answer.headers.get("retry-after"), datetime.now(UTC)),
    )


def _said(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def retry_after_seconds(said: str | None, now: datetime) -> float | None:
    """A Retry-After header, seconds or a date (RFC 9110), as seconds from `now`; None when it says nothing to be read."""
    if said is None:
        return None
    if said.strip().isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
