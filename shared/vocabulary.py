"""Every enumeration of the contract, with its words in Chinese and English and the national code; how things are named."""

from collections.abc import Mapping
from typing import Literal, get_args

from shared.words import WORDS_OF_ARRANGEMENTS, Label

# How things are named. The last part of each refuses a line end, which `$` alone would let pass.
SCHOOL_ID = r"^[0-9]{10}$(?!\n)"
# Schools that are made up: a sandbox client's. Nobody's code begins so, and who sees the district does not see them.
SANDBOX_SCHOOLS = "99999"
TERM_ID = r"^[0-9]{4}-[0-9]{4}-[12]$(?!\n)"
ACADEMIC_YEAR = r"^[0-9]{4}-[0-9]{4}$(?!\n)"
PERIOD = r"^([0-9]{4}-(0[1-9]|1[0-2])|[0-9]{4}-[0-9]{4}-[12])$(?!\n)"
# What a system makes up: it travels in addresses and in keys.
IDENTIFIER = r"^[A-Za-z0-9._:\-]{1,64}$(?!\n)"
# What people call a slot, a room, a class: 第一时段, 操场, 三(2)班.
LABEL = r"^[^\s/\x00-\x1f\x7f]([^/\x00-\x1f\x7f]{0,62}[^\s/\x00-\x1f\x7f])?$(?!\n)"

Stage = Literal["primary", "junior"]
SchoolKind = Literal["public", "private"]
Category = Literal["homework", "moral", "sports", "arts", "science", "labour", "reading", "interest", "club", "safety"]
StaffRole = Literal["lead", "assistant", "support"]
StaffKind = Literal["employee", "retired", "volunteer", "institution", "shared", "provider"]
StaffPost = Literal["teacher", "manager", "other"]
QualificationType = Literal["degree", "certificate", "background_check", "health"]
SessionState = Literal["held", "cancelled"]
AttendanceStatus = Literal["present", "late", "left_early", "absent", "excused"]
DayState = Literal["closed", "no_service"]
DutyKind = Literal["duty", "patrol", "coordination"]
PatrolKind = Literal["patrol", "interview"]
SignInKind = Literal["in", "out"]
InspectionKind = Literal["spot_check", "unannounced", "questionnaire", "interview"]
LeaveKind = Literal["sick", "personal", "official", "maternity", "other"]
ProviderStatus = Literal["listed", "suspended", "removed"]
PublicationKind = Literal["monthly_workload", "term_remuneration"]
FundDirection = Literal["receipt", "spending"]
# What a special subsidy is spent on, and what is not it (专款专用): a line says what it was, the audit what it may be.
FundCategory = Literal[
    "subsidy", "remuneration", "provider", "materials", "training", "welfare", "reception", "construction", "transfer",
    "charge", "other",
]  # fmt: skip
PayeeKind = Literal["staff", "provider", "supplier", "person", "other"]
DisbursementBasis = Literal["pupils", "class_hours"]
SurveyKind = Literal["willingness", "satisfaction"]
DeliberationForm = Literal["meeting", "circulation", "consultation"]
DeliberationDecision = Literal["approved", "returned"]
DeliberationItemKind = Literal["monthly_workload", "term_remuneration", "allocation_plan", "service_plan", "other"]
SubmissionAttachmentKind = Literal["arrangement_table", "decision_record", "publication_material", "other"]
ReviewDecision = Literal["accepted", "adjusted", "returned", "rejected"]
# Who oversees: the stage centres, and the offices of the bureau that the notice names (三).
Office = Literal[
    "primary_centre", "junior_centre", "general_office", "personnel", "finance", "compulsory_education", "moral_education",
    "supervision", "private_education",
]  # fmt: skip
RectificationSource = Literal["finding", "inspection", "review", "complaint", "campaign"]
ComplaintChannel = Literal["hotline", "mailbox", "email", "web", "visit", "letter", "other"]
ComplaintOutcome = Literal["substantiated", "not_substantiated", "referred"]
IndicatorGroup = Literal["quality", "participation", "data_submission", "other"]
FeedbackAudience = Literal["pupils", "parents"]
AppraisalScheme = Literal["leadership_appraisal", "school_appraisal", "civilised_campus", "education_inspection"]
CampaignMethod = Literal["unannounced", "questionnaire", "interview", "supervision"]
TrainingKind = Literal["key_person", "teacher", "warning_education", "other"]
GroupRole = Literal["lead", "member"]
GroupKind = Literal["leading", "working"]
ActivitySource = Literal["in_school", "partner", "provider", "platform"]
Development = Literal["individual", "team", "joint"]
ActivityPurpose = Literal["support", "enrichment", "transition", "brand_club", "science_project"]
AgreementKind = Literal["service_contract", "engagement", "pairing", "partnership"]
Payer = Literal["school", "families", "parents_committee", "nobody"]
# What stands from a day on: a school's rules, its key posts, how people reach those who answer, who in the bureau has what.
ProvisionMatter = Literal[
    "homework_rules", "attendance_rules", "duty_rules", "ledger_rules", "publication_rules", "remuneration_rules",
    "safety_rules", "outside_people_rules", "ledger_keeper", "approver", "finance_officer", "principal", "reporting_channel",
    "room_plan", "office_duty", "recommended_person", "other",
]  # fmt: skip
# The key posts among them (关键岗位).
POSTS: tuple[ProvisionMatter, ...] = ("ledger_keeper", "approver", "finance_officer", "principal")
MeasureMatter = Literal[
    "guidance", "good_practice", "circular", "pupil_support", "enrichment", "homework_sample", "activity_review",
    "room_opening", "safety_check", "room_improvement", "staff_care", "other",
]  # fmt: skip
FindingState = Literal["open", "acknowledged", "explained", "confirmed", "dismissed", "cleared"]
DispositionKind = Literal["acknowledge", "explain", "confirm", "dismiss", "reopen", "assign", "comment"]
DismissalReason = Literal["recorded_late", "recorded_wrong", "permitted", "reported_twice", "rule_mistaken"]
Severity = Literal["critical", "high", "medium", "low", "review"]
Grain = Literal["school_day", "school_week", "school_month", "school_term", "staff_day", "district", "year"]
ClientKind = Literal["school", "centre", "bureau", "auditor", "sandbox"]
Scope = Literal[
    "registers.write",
    "ledger.write",
    "ledger.read",
    "documents.write",
    "oversight.write",
    "reports.read",
    "findings.read",
    "findings.write",
    "subscriptions.write",
    "erasures.write",
    "admin",
]
# On which of the grounds of PIPL art. 47 a person's data are erased.
ErasureGround = Literal["purpose_fulfilled", "service_ended", "consent_withdrawn", "unlawful", "required_by_law"]
# What is not after-school service and may not be declared as a slot (一(一)1 严禁随意扩大范围).
OutOfScopeKind = Literal["early_care", "lunch_noon_care", "evening_self_study"]
# What may not be done in it (一(一)1 不得利用课后服务时间).
ForbiddenKind = Literal["exam_drill", "new_lesson", "collective_tutoring"]

# Homework guidance is one half of each day's offer, every other category the other (一(一)1).
QUALITY_CATEGORIES: frozenset[str] = frozenset(get_args(Category)) - {"homework"}

# What each kind of client may do (POLICY Part 5): who pushes does not review, who reviews does not push.
_READS: frozenset[Scope] = frozenset({"ledger.read", "reports.read", "findings.read"})
_SCHOOL: frozenset[Scope] = _READS | {
    "registers.write",
    "ledger.write",
    "documents.write",
    "findings.write",
    "subscriptions.write",
}
# Whose chain holds what an office keeps to itself: neither a school's nor the district's, which everybody reads.
BUREAU = "bureau"
CENTRES: Mapping[str, str] = {"primary": "centre-primary", "junior": "centre-junior"}
OFFICES = frozenset({BUREAU, *CENTRES.values()})

SCOPES_OF: Mapping[str, frozenset[Scope]] = {
    "school": _SCHOOL,
    "sandbox": _SCHOOL,
    "centre": _READS | {"oversight.write", "findings.write", "subscriptions.write"},
    "bureau": _READS
    | {"registers.write", "oversight.write", "findings.write", "subscriptions.write", "erasures.write", "admin"},
    "auditor": _READS | {"findings.write", "subscriptions.write"},
}


CODE_LISTS: Mapping[str, Mapping[str, Label]] = {
    "stage": {
        "primary": Label("小学", "primary", "2"),
        "junior": Label("初中", "junior secondary", "3"),
    },
    "school_kind": {"public": Label("公办", "public"), "private": Label("民办", "private")},
    "category": {
        "homework": Label("作业辅导", "homework guidance"),
        "moral": Label("德育", "moral education"),
        "sports": Label("体育", "sports"),
        "arts": Label("美育", "arts"),
        "science": Label("科学", "science"),
        "labour": Label("劳动", "labour"),
        "reading": Label("阅读", "reading"),
        "interest": Label("兴趣小组", "interest group"),
        "club": Label("社团", "student club"),
        "safety": Label("安全实训", "practical safety training"),
    },
    "staff_role": {
        "lead": Label("主讲", "lead"),
        "assistant": Label("助教", "assistant"),
        "support": Label("辅助", "support"),
    },
    "staff_kind": {
        "employee": Label("本校教职工", "school employee"),
        "retired": Label("退休教师", "retired teacher"),
        "volunteer": Label("大学生志愿者", "university student volunteer"),
        "institution": Label("校外单位专业人员", "outside professional of an institution"),
        "shared": Label("走校教师", "teacher shared across schools"),
        "provider": Label("第三方机构人员", "third-party provider's person"),
    },
    "staff_post": {
        "teacher": Label("教师", "teacher"),
        "manager": Label("管理人员", "manager"),
        "other": Label("其他岗位", "other post"),
    },
    "qualification_type": {
        "degree": Label("学历证明", "academic diploma"),
        "certificate": Label("职业资格证书", "professional certificate"),
        "background_check": Label("违法信息查询", "query of unlawful-record information"),
        "health": Label("身心健康状况", "health"),
    },
    "session_state": {"held": Label("已开设", "held"), "cancelled": Label("已取消", "cancelled")},
    "attendance_status": {
        "present": Label("出席", "present"),
        "late": Label("迟到", "late"),
        "left_early": Label("早退", "left early"),
        "absent": Label("缺席", "absent"),
        "excused": Label("请假", "excused"),
    },
    "day_state": {"closed": Label("已关账", "closed"), "no_service": Label("无服务", "no service")},
    "duty_kind": {
        "duty": Label("行政值班", "administrator duty"),
        "patrol": Label("干部巡检", "management patrol"),
        "coordination": Label("统筹协调", "coordination"),
    },
    "patrol_kind": {"patrol": Label("巡查", "patrol"), "interview": Label("访谈", "interview")},
    "sign_in_kind": {"in": Label("签到", "signed in"), "out": Label("签退", "signed out")},
    "inspection_kind": {
        "spot_check": Label("抽查", "spot check"),
        "unannounced": Label("飞行检查", "unannounced inspection"),
        "questionnaire": Label("问卷调查", "questionnaire"),
        "interview": Label("现场访谈", "on-site interview"),
    },
    "leave_kind": {
        "sick": Label("病假", "sick leave"),
        "personal": Label("事假", "personal leave"),
        "official": Label("公假", "official leave"),
        "maternity": Label("产假", "maternity leave"),
        "other": Label("其他", "other"),
    },
    "provider_status": {
        "listed": Label("在册", "listed"),
        "suspended": Label("暂停", "suspended"),
        "removed": Label("清退", "removed"),
    },
    "publication_kind": {
        "monthly_workload": Label("月度工作量公示", "monthly workload publication"),
        "term_remuneration": Label("学期工作量与拟发放报酬公示", "term workload and remuneration publication"),
    },
    "survey_kind": {
        "willingness": Label("意愿征询", "willingness survey"),
        "satisfaction": Label("满意度调查", "satisfaction survey"),
    },
    "deliberation_form": {
        "meeting": Label("会议", "meeting"),
        "circulation": Label("传阅会签", "circulation of papers"),
        "consultation": Label("个别征求意见", "individual consultation"),
    },
    "deliberation_decision": {"approved": Label("通过", "approved"), "returned": Label("退回", "returned")},
    "deliberation_item_kind": {
        "monthly_workload": Label("月度工作量", "monthly workload"),
        "term_remuneration": Label("学期工作量与拟发放报酬", "term workload and remuneration"),
        "allocation_plan": Label("分配方案", "allocation plan"),
        "service_plan": Label("课后服务方案", "service plan"),
        "other": Label("其他", "other"),
    },
    "submission_attachment_kind": {
        "arrangement_table": Label("课后服务安排表", "arrangement table"),
        "decision_record": Label("三重一大事项记录表", "collective decision record"),
        "publication_material": Label("校内公示材料", "publication material"),
        "other": Label("其他", "other"),
    },
    "review_decision": {
        "accepted": Label("通过", "accepted"),
        "adjusted": Label("核减后通过", "accepted with adjustment"),
        "returned": Label("退回整改", "returned for rectification"),
        "rejected": Label("不予通过", "rejected"),
    },
    "fund_direction": {"receipt": Label("收入", "receipt"), "spending": Label("支出", "spending")},
    "fund_category": {
        "subsidy": Label("专项补助", "special subsidy"),
        "remuneration": Label("参与人员报酬", "remuneration"),
        "provider": Label("第三方服务费", "provider's fee"),
        "materials": Label("活动耗材", "materials"),
        "training": Label("培训", "training"),
        "welfare": Label("职工福利", "staff welfare"),
        "reception": Label("接待", "reception"),
        "construction": Label("基建修缮", "construction"),
        "transfer": Label("转出", "transfer to other uses"),
        "charge": Label("向学生或家长收费", "charge to pupils or parents"),
        "other": Label("其他用途", "other use"),
    },
    "payee_kind": {
        "staff": Label("参与人员", "participant"),
        "provider": Label("机构", "provider"),
        "supplier": Label("供应商", "supplier"),
        "person": Label("其他个人", "another person"),
        "other": Label("其他收款方", "another payee"),
    },
    "disbursement_basis": {
        "pupils": Label("学生数", "pupils"),
        "class_hours": Label("课时数", "class hours"),
    },
    "office": {
        "primary_centre": Label("小学教育指导中心", "primary education guidance centre"),
        "junior_centre": Label("初中教育指导中心", "junior secondary education guidance centre"),
        "general_office": Label("党政办", "general office"),
        "personnel": Label("组织人事处", "organisation and personnel office"),
        "finance": Label("计财处", "planning and finance office"),
        "compulsory_education": Label("义务教育处", "compulsory education office"),
        "moral_education": Label("德育处", "moral education office"),
        "supervision": Label("督导处", "supervision office"),
        "private_education": Label("民办教育处", "private education office"),
    },
    "rectification_source": {
        "finding": Label("监测发现", "finding"),
        "inspection": Label("检查", "inspection"),
        "review": Label("审核", "review"),
        "complaint": Label("信访投诉", "complaint"),
        "campaign": Label("专项调研", "special investigation"),
    },
    "complaint_channel": {
        "hotline": Label("举报电话", "hotline"),
        "mailbox": Label("举报信箱", "mailbox"),
        "email": Label("电子邮件", "e-mail"),
        "web": Label("网上信访", "web"),
        "visit": Label("来访", "visit"),
        "letter": Label("来信", "letter"),
        "other": Label("其他", "other"),
    },
    "complaint_outcome": {
        "substantiated": Label("属实", "substantiated"),
        "not_substantiated": Label("不属实", "not substantiated"),
        "referred": Label("移交", "referred"),
    },
    "indicator_group": {
        "quality": Label("服务质量", "service quality"),
        "participation": Label("学生参与率", "participation rate"),
        "data_submission": Label("数据报送规范", "correct data submission"),
        "other": Label("其他", "other"),
    },
    "feedback_audience": {"pupils": Label("学生", "pupils"), "parents": Label("家长", "parents")},
    "appraisal_scheme": {
        "leadership_appraisal": Label("党政主要领导班子年度绩效考核", "annual appraisal of the leadership"),
        "school_appraisal": Label("公办学校年度绩效考核", "annual appraisal of public schools"),
        "civilised_campus": Label("文明校园创评", "civilised campus assessment"),
        "education_inspection": Label("教育督导", "education inspection"),
    },
    "campaign_method": {
        "unannounced": Label("飞行检查", "unannounced inspection"),
        "questionnaire": Label("问卷调查", "questionnaire"),
        "interview": Label("现场访谈", "on-site interview"),
        "supervision": Label("专项督导", "special supervision"),
    },
    "training_kind": {
        "key_person": Label("关键人员培训", "training of key persons"),
        "teacher": Label("教师专题培训", "training of teachers"),
        "warning_education": Label("警示教育", "warning education"),
        "other": Label("其他", "other"),
    },
    **WORDS_OF_ARRANGEMENTS,
    "group_kind": {"leading": Label("领导小组", "leading group"), "working": Label("工作组", "working group")},
    "group_role": {"lead": Label("牵头", "lead"), "member": Label("成员", "member")},
    "finding_state": {
        "open": Label("待处理", "open"),
        "acknowledged": Label("已知悉", "acknowledged"),
        "explained": Label("已说明", "explained"),
        "confirmed": Label("已核实", "confirmed"),
        "dismissed": Label("已排除", "dismissed"),
        "cleared": Label("已消除", "cleared"),
    },
    "disposition_kind": {
        "acknowledge": Label("知悉", "acknowledge"),
        "explain": Label("说明", "explain"),
        "confirm": Label("核实", "confirm"),
        "dismiss": Label("排除", "dismiss"),
        "reopen": Label("重新打开", "reopen"),
        "assign": Label("指派", "assign"),
        "comment": Label("备注", "comment"),
    },
    "erasure_ground": {
        "purpose_fulfilled": Label("处理目的已实现或不再必要", "the purpose is fulfilled or needs them no more"),
        "service_ended": Label("服务已停止或保存期限已届满", "the service has ended or the time of keeping is over"),
        "consent_withdrawn": Label("撤回同意", "consent was withdrawn"),
        "unlawful": Label("违法或违约处理", "they were processed against law or agreement"),
        "required_by_law": Label("法律法规规定的其他情形", "another case of law"),
    },
    "dismissal_reason": {
        "recorded_late": Label("事实无误但迟报", "the facts are right; recorded late"),
        "recorded_wrong": Label("录入有误并已查实", "recorded wrongly; looked into"),
        "permitted": Label("另有规定或批准", "permitted by another rule or approval"),
        "reported_twice": Label("与其他发现重复", "reported by another finding already"),
        "rule_mistaken": Label("规则误报", "the rule is mistaken here"),
    },
    "severity": {
        "critical": Label("严重", "critical"),
        "high": Label("高", "high"),
        "medium": Label("中", "medium"),
        "low": Label("低", "low"),
        "review": Label("待研判", "for review"),
    },
    "client_kind": {
        "school": Label("学校信息系统", "school information system"),
        "centre": Label("学段中心", "stage centre"),
        "bureau": Label("区教育局", "education bureau"),
        "auditor": Label("审计人员", "auditor"),
        "sandbox": Label("试用", "sandbox"),
    },
    "out_of_scope_kind": {
        "early_care": Label("早到校看管", "early-arrival care"),
        "lunch_noon_care": Label("午餐午休看管", "lunch and noon-rest care"),
        "evening_self_study": Label("晚自习", "evening self-study"),
    },
    "forbidden_kind": {
        "exam_drill": Label("刷题备考", "exam drilling"),
        "new_lesson": Label("讲授新课", "teaching new lessons"),
        "collective_tutoring": Label("集体补课", "collective tutoring"),
    },
}
