"""Every code of the contract has words in both languages, and who pushes does not review."""

from typing import Any, get_args

import pytest

from shared import vocabulary
from shared.vocabulary import CODE_LISTS, QUALITY_CATEGORIES, SCOPES_OF

ENUMERATIONS: dict[str, Any] = {
    "stage": vocabulary.Stage,
    "school_kind": vocabulary.SchoolKind,
    "category": vocabulary.Category,
    "staff_role": vocabulary.StaffRole,
    "staff_kind": vocabulary.StaffKind,
    "staff_post": vocabulary.StaffPost,
    "qualification_type": vocabulary.QualificationType,
    "session_state": vocabulary.SessionState,
    "attendance_status": vocabulary.AttendanceStatus,
    "day_state": vocabulary.DayState,
    "duty_kind": vocabulary.DutyKind,
    "patrol_kind": vocabulary.PatrolKind,
    "sign_in_kind": vocabulary.SignInKind,
    "inspection_kind": vocabulary.InspectionKind,
    "leave_kind": vocabulary.LeaveKind,
    "provider_status": vocabulary.ProviderStatus,
    "publication_kind": vocabulary.PublicationKind,
    "survey_kind": vocabulary.SurveyKind,
    "deliberation_form": vocabulary.DeliberationForm,
    "deliberation_decision": vocabulary.DeliberationDecision,
    "deliberation_item_kind": vocabulary.DeliberationItemKind,
    "submission_attachment_kind": vocabulary.SubmissionAttachmentKind,
    "review_decision": vocabulary.ReviewDecision,
    "fund_direction": vocabulary.FundDirection,
    "fund_category": vocabulary.FundCategory,
    "payee_kind": vocabulary.PayeeKind,
    "disbursement_basis": vocabulary.DisbursementBasis,
    "office": vocabulary.Office,
    "rectification_source": vocabulary.RectificationSource,
    "complaint_channel": vocabulary.ComplaintChannel,
    "complaint_outcome": vocabulary.ComplaintOutcome,
    "indicator_group": vocabulary.IndicatorGroup,
    "feedback_audience": vocabulary.FeedbackAudience,
    "appraisal_scheme": vocabulary.AppraisalScheme,
    "campaign_method": vocabulary.CampaignMethod,
    "training_kind": vocabulary.TrainingKind,
    "activity_source": vocabulary.ActivitySource,
    "development": vocabulary.Development,
    "activity_purpose": vocabulary.ActivityPurpose,
    "agreement_kind": vocabulary.AgreementKind,
    "payer": vocabulary.Payer,
    "provision_matter": vocabulary.ProvisionMatter,
    "measure_matter": vocabulary.MeasureMatter,
    "group_kind": vocabulary.GroupKind,
    "group_role": vocabulary.GroupRole,
    "finding_state": vocabulary.FindingState,
    "disposition_kind": vocabulary.DispositionKind,
    "dismissal_reason": vocabulary.DismissalReason,
    "erasure_ground": vocabulary.ErasureGround,
    "severity": vocabulary.Severity,
    "client_kind": vocabulary.ClientKind,
    "out_of_scope_kind": vocabulary.OutOfScopeKind,
    "forbidden_kind": vocabulary.ForbiddenKind,
}


def test_every_code_list_is_an_enumeration_and_the_other_way_round() -> None:
    assert set(CODE_LISTS) == set(ENUMERATIONS)


@pytest.mark.parametrize("name", sorted(ENUMERATIONS))
def test_every_code_has_its_words_in_the_order_of_the_contract(name: str) -> None:
    assert tuple(CODE_LISTS[name]) == get_args(ENUMERATIONS[name])


@pytest.mark.parametrize("name", sorted(CODE_LISTS))
def test_words_are_in_their_language_and_no_two_codes_share_them(name: str) -> None:
    labels = list(CODE_LISTS[name].values())
    assert all("一" <= character <= "鿿" for label in labels for character in label.zh)
    assert all(label.en.isascii() and label.en for label in labels)
    assert len({label.zh for label in labels}) == len({label.en for label in labels}) == len(labels)


def test_every_kind_of_client_has_its_scopes_and_no_others() -> None:
    assert set(SCOPES_OF) == set(get_args(vocabulary.ClientKind))
    assert frozenset().union(*SCOPES_OF.values()) == set(get_args(vocabulary.Scope))


@pytest.mark.parametrize("kind", sorted(SCOPES_OF))
def test_who_writes_the_ledger_does_not_oversee_it(kind: str) -> None:
    assert not {"ledger.write", "oversight.write"} <= SCOPES_OF[kind]


@pytest.mark.parametrize("kind", sorted(SCOPES_OF))
def test_everybody_reads_what_they_may_see(kind: str) -> None:
    assert {"ledger.read", "reports.read", "findings.read"} <= SCOPES_OF[kind]


def test_only_schools_write_the_ledger_and_only_the_bureau_administers() -> None:
    assert {kind for kind, scopes in SCOPES_OF.items() if "ledger.write" in scopes} == {"school", "sandbox"}
    assert {kind for kind, scopes in SCOPES_OF.items() if "admin" in scopes} == {"bureau"}


def test_a_days_offer_is_homework_guidance_and_everything_else() -> None:
    assert {"homework"} | QUALITY_CATEGORIES == set(CODE_LISTS["category"])
    assert "homework" not in QUALITY_CATEGORIES


def test_what_is_no_after_school_service_is_no_category_of_it() -> None:
    outside = set(CODE_LISTS["out_of_scope_kind"]) | set(CODE_LISTS["forbidden_kind"])
    assert not outside & set(CODE_LISTS["category"])
