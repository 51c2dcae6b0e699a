"""Providers (第三方机构): the district's list, licences, suspension and removal; 一(一)4, 三(五)."""

from datetime import date

from services.ledger_api.entries import entry_router
from services.ledger_api.ingest.payload import Identifier, Record, Text
from services.ledger_api.ingest.resource import Resource
from services.ledger_api.oversight_procedures import PROVIDER
from shared.vocabulary import ProviderStatus


class Provider(Record, frozen=True):
    """One provider as the district knows it from `status_from` on."""

    provider_id: Identifier
    name: Text
    listed: bool = False
    licence_no: Text | None = None
    licence_valid_to: date | None = None
    status: ProviderStatus = "listed"
    status_from: date | None = None
    reason: Text | None = None


PROVIDERS = Resource("providers", Provider, key=("provider_id",), home="district")

router = entry_router(PROVIDERS, scope="registers.write", machine=PROVIDER)
