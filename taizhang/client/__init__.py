"""A typed client of the ledger API and of reporting: sign in once, send records, get receipts, read pages.

`Client` and, for asyncio, `AsyncClient` have the same methods. Whatever fails is a `TaizhangError`: a `Problem` that the
service told, of the class of its status, or `Unreachable`.
"""

from taizhang.client.asynchronous import AsyncClient
from taizhang.client.batches import Batch, batches_of
from taizhang.client.patience import Patience
from taizhang.client.problems import (
    Conflict,
    Forbidden,
    NotFound,
    NotSignedIn,
    Outdated,
    Problem,
    Refused,
    RowError,
    TaizhangError,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unreachable,
)
from taizhang.client.receipts import ChainPosition, Receipt
from taizhang.client.requests import Mode, Page
from taizhang.client.sign_in import SignedIn
from taizhang.client.synchronous import Client

__all__ = [
    "AsyncClient",
    "Batch",
    "ChainPosition",
    "Client",
    "Conflict",
    "Forbidden",
    "Mode",
    "NotFound",
    "NotSignedIn",
    "Outdated",
    "Page",
    "Patience",
    "Problem",
    "Receipt",
    "Refused",
    "RowError",
    "SignedIn",
    "TaizhangError",
    "TooLarge",
    "TooManyRequests",
    "Unavailable",
    "Unreachable",
    "batches_of",
]
