"""A code's words in Chinese and English, and those of what schools arrange: activities, agreements, provisions, measures."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """A code's words."""

    zh: str
    en: str
    national_code: str | None = None


WORDS_OF_ARRANGEMENTS: Mapping[str, Mapping[str, Label]] = {
    "activity_source": {
        "in_school": Label("本校开发", "of the school"),
        "partner": Label("校外合作单位", "of a partner"),
        "provider": Label("第三方机构", "of a provider"),
        "platform": Label("数字平台资源", "of a digital platform"),
    },
    "development": {
        "individual": Label("教师个人开发", "by one teacher"),
        "team": Label("教师团队开发", "by a team of teachers"),
        "joint": Label("与校外合作开发", "together with a partner"),
    },
    "activity_purpose": {
        "support": Label("补缺补差", "help with difficulties"),
        "enrichment": Label("拓展提升", "more for able pupils"),
        "transition": Label("学段衔接", "passage between school levels"),
        "brand_club": Label("品牌社团", "brand club"),
        "science_project": Label("科创项目", "science project"),
    },
    "agreement_kind": {
        "service_contract": Label("第三方服务合同", "contract with a provider"),
        "engagement": Label("双向选择聘任协议", "engagement that both sides choose"),
        "pairing": Label("专业人员与教师结对", "pairing of a professional with a teacher"),
        "partnership": Label("合作共建协议", "agreement with a partner"),
    },
    "payer": {
        "school": Label("学校", "the school"),
        "families": Label("学生家长", "families"),
        "parents_committee": Label("家委会", "a parents' committee"),
        "nobody": Label("无偿", "free of charge"),
    },
    "provision_matter": {
        "homework_rules": Label("作业辅导制度", "rules of homework guidance"),
        "attendance_rules": Label("考勤制度", "rules of attendance"),
        "duty_rules": Label("值班制度", "rules of duty"),
        "ledger_rules": Label("台账制度", "rules of the ledger"),
        "publication_rules": Label("公示制度", "rules of publication"),
        "remuneration_rules": Label("报酬分配制度", "rules of remuneration"),
        "safety_rules": Label("安全制度", "rules of safety"),
        "outside_people_rules": Label("校外人员管理制度", "rules about people from outside"),
        "ledger_keeper": Label("台账员", "ledger keeper"),
        "approver": Label("审批负责人", "approver"),
        "finance_officer": Label("财务负责人", "finance officer"),
        "principal": Label("校长", "principal"),
        "reporting_channel": Label("举报渠道", "channel for reports"),
        "room_plan": Label("场地安排计划", "plan of rooms"),
        "office_duty": Label("部门职责", "an office's duty"),
        "recommended_person": Label("推荐人才", "recommended professional"),
        "other": Label("其他", "other"),
    },
    "measure_matter": {
        "guidance": Label("日常指导", "guidance"),
        "good_practice": Label("经验推广", "good practice"),
        "circular": Label("通报", "circular about a case"),
        "pupil_support": Label("学困生帮扶", "help for pupils with difficulties"),
        "enrichment": Label("特长提升", "more for able pupils"),
        "homework_sample": Label("作业完成抽样", "sample of finished homework"),
        "activity_review": Label("活动评价", "evaluation of an activity"),
        "room_opening": Label("场地开放", "opening of a room"),
        "safety_check": Label("安全检查", "check of safety"),
        "room_improvement": Label("场地改善", "improvement of a room"),
        "staff_care": Label("教职工关怀", "care for staff"),
        "other": Label("其他", "other"),
    },
}
