"""What a finding expects and finds, in Chinese: statements say it in one language, and each phrase of theirs has its words here.

Pure. A statement keeps one wording, which its cases and its fingerprint know; the words of a language are put on where a finding
is written. A phrase of a statement that is missing here fails a test.
"""

import re
from collections.abc import Mapping
from functools import cache

from shared.vocabulary import CODE_LISTS

# In a phrase `{}` is one number, date or name; in its Chinese `{0}`, `{1}` are these in their order.
PHRASES: Mapping[str, str] = {
    # Ledger.
    "a record of the day": "当日记录",
    "sessions in {}": "{0} 时段的课次",
    "its closing": "日结",
    "records, not closed": "有记录，未日结",
    "no slot": "无时段",
    "before {} service days": "{0} 个服务日内",
    "{} until {}": "{0} 条，至 {1}",
    "records of each day": "逐日记录",
    "{} records of {} dates on {}": "{2} 一日录入 {1} 天的 {0} 条记录",
    "homework guidance and quality activities": "作业辅导与素质活动",
    "{} / {} sessions": "{0} / {1} 个课次",
    "a change in {} of {} sessions at the other classes": "其他班级每 {1} 次有 {0} 次变化",
    "{} sessions with the same pupils missing from {} on": "自 {1} 起连续 {0} 个课次缺席学生相同",
    "{} sessions with as many pupils from {} on": "自 {1} 起连续 {0} 个课次人数相同",
    "once in more than {}": "偶然概率不到 {0} 分之一",
    "once in {}": "偶然概率 {0} 分之一",
    "an own sign-in": "本人签到记录",
    "one of the two": "两者之一",
    "a substitute": "代课人员",
    "an administrator on duty": "行政值班人员",
    "in the catalogue": "在课程目录内",
    "{} sessions": "{0} 个课次",
    "{} pupils": "{0} 名学生",
    # Consent and charges.
    "no charge": "不收费",
    "{} yuan charged to pupils or parents": "向学生或家长收取 {0} 元",
    "a complaint about charges that was substantiated": "有关收费的投诉经查属实",
    # People from outside.
    "an assistant of the school": "本校助教",
    "an assistant of its own": "专属助教",
    "a provider listed, licensed and not suspended": "在名录内、许可有效且未暂停的机构",
    "not listed": "不在名录内",
    "suspended": "已暂停",
    "licence to {}": "许可至 {0}",
    "nobody of {}": "不得有 {0} 的人员",
    "sessions in the ledger": "台账中的课次",
    "{} twice": "{0} 重复计费",
    "{} not held": "{0} 未开设",
    "{} with {} pupils of {}": "{0} 计 {1} 名学生，台账 {2} 名",
    "{} after {}": "{0} 在 {1} 之后",
    "{} sessions of {}": "计 {0} 个课次，台账 {1} 个",
    "an agreement that both have signed": "双方已签的协议",
    "no agreement": "无协议",
    "not signed": "未签",
    "decided together, paid by the school": "集体决定、学校支付",
    "paid by families": "由家长支付",
    "paid through a parents' committee": "经家委会支付",
    "not deliberated": "未经集体审议",
    "admitted on the day": "当日在遴选有效期内",
    # Publication and submission.
    "without work {}": "无记录而公示 {0}",
    "left out {}": "漏公示 {0}",
    "not published": "未公示",
    "from {}, for {} days": "自 {0} 起公示 {1} 天",
    "from {}": "自 {0} 起",
    "for {} days": "公示 {0} 天",
    "by {} for {} days": "{0} 前公示满 {1} 天",
    "a meeting that approved it before": "公示前经会议审议通过",
    "no deliberation named": "未指明集体审议",
    "no deliberation": "无集体审议",
    "returned on {}": "{0} 被退回",
    "{} instead of a meeting": "以{0}代替会议",
    "displayed from {}, deliberated on {}": "{0} 起公示，{1} 才审议",
    "{} of {} took part": "应到 {1} 人，实到 {0} 人",
    "not among the items deliberated": "不在审议事项之列",
    "another content than was deliberated": "内容与审议时不同",
    "{} in class hours": "{0} 人课时不符",
    "{} in money": "{0} 人金额不符",
    "{} paid otherwise": "{0} 人发放不符",
    "three papers, signature and seal on what was submitted": "三份附件、签字和党组织公章，且与上报内容一致",
    "no signature of the principal": "缺校长签字",
    "the signature is on another content": "签字所对内容不同",
    "no seal of the Party organisation": "缺党组织公章",
    "the seal is on another content": "公章所对内容不同",
    "signature and seal are on different contents": "签字与公章所对内容不同",
    "no {}": "缺{0}",
    "submitted without publication": "未公示即上报",
    "paid without submission": "未上报即发放",
    "submitted {} before publication {}": "{0} 上报早于 {1} 公示",
    "signed {} before the display ended {}": "{0} 签字早于 {1} 公示期满",
    "sealed {} before the display ended {}": "{0} 盖章早于 {1} 公示期满",
    "submitted {} before the display ended {}": "{0} 上报早于 {1} 公示期满",
    "submitted {} before signed {}": "{0} 上报早于 {1} 签字",
    "submitted {} before sealed {}": "{0} 上报早于 {1} 盖章",
    "accepted {} before submitted {}": "{0} 审核早于 {1} 上报",
    "paid {} before submitted {}": "{0} 发放早于 {1} 上报",
    "paid {} before accepted {}": "{0} 发放早于 {1} 审核",
    "paid and not accepted": "未审核通过即发放",
    "publication, signature and seal, submission, review, payment": "公示、签字盖章、上报、审核、发放依次进行",
    "what was posted, kept": "公示原件存档",
    "nothing archived": "未存档",
    "another content than was posted": "与公示内容不同",
    "kept until {}": "仅保存至 {0}",
    "not submitted": "未上报",
    "what was posted": "公示的内容",
    "another content": "内容不同",
    "a closure, or records": "登记停课，或有记录",
    # Remuneration and funds.
    "a plan in force on every day": "每日均有生效的分配方案",
    "{} days without a plan, the first {}": "{0} 天无分配方案，首日 {1}",
    "deliberated, at least {} of seven factors": "经集体审议，七项因素至少考虑 {0} 项",
    "{} of seven factors": "仅考虑七项因素中的 {0} 项",
    "pay that spreads as the work does": "报酬差距应随课时",
    "hours spread {} %, pay {} %, {} of {} people have the same amount": "课时差距 {0} %，报酬差距 {1} %，{3} 人中 {2} 人金额相同",
    "class hours in the ledger": "台账中的课时",
    "{} % of the class hours": "课时的 {0} %",
    "{} of {} people, {} % of the pay": "{1} 人中的 {0} 人，占报酬的 {2} %",
    "paid {}": "实发 {0}",
    "reviewed {}": "核定 {0}",
    "spending on {}": "用于 {0}",
    "{} yuan spent on {}": "{0} 元用于{1}",
    "a participant": "课后服务参与人员",
    "{} yuan of remuneration for {}": "向{1}发放报酬 {0} 元",
    "{}: a balance of {} yuan": "{0} 余额 {1} 元",
    "paid on {}": "{0} 拨付",
    "not paid": "未拨付",
    "{} yuan": "{0} 元",
    "by {}": "{0} 前",
    # Indicators.
    "class hours per 100 pupils who came": "每百人次课时",
    "class hours per session": "每课次课时",
    "class hours per day": "每日课时",
    "pupils per session": "每课次学生",
    "adults per session": "每课次人员",
    "{} class hours and {} pupils": "{0} 课时、{1} 名学生",
    "{} class hours a day with {} pupils": "每日 {0} 课时、{1} 名学生",
    "{} class hours a day more in the last weeks, rising since the week of {}": "近几周每日多 {0} 课时，自 {1} 当周起上升",
    "{} class hours a day": "{0} 课时",
    "have it on {} of {} days": "每 {1} 天有 {0} 天",
    "the fullest day on {} of {} days": "{1} 天中 {0} 天排满",
    "class hours on the last {} days": "课时（最后 {0} 天）",
    "{} of {} entries are rounded up to a whole hour": "{1} 条中 {0} 条进为整数课时",
    "{} of {} rolls have exactly the same pupils missing as one at least a week older": "{1} 份点名册中 {0} 份与至少一周前的缺席学生完全相同",
    "{} of 100": "百分之 {0}",
    "{} of {} rolls": "每 {1} 份中 {0} 份",
    "alone in {} sessions, took the roll of none": "单独带 {0} 个课次，未点过一次名",
    "{} beside others in {} sessions, took the roll of none": "与他人一同任{0} {1} 个课次，未点过一次名",
    "{} in {} sessions, took the roll of none": "任{0} {1} 个课次，未点过一次名",
    "{} yuan for each time a pupil came": "每生次 {0} 元",
    "on {} days the rolls call {} pupils": "{0} 天点名共 {1} 人次",
    "{} on those days": "{0} 人次",
    "{} of {} sessions have the numbers of {}": "{1} 个课次中 {0} 个与 {2} 的人数相同",
    "serve in {} of {} slots": "每 {1} 个时段中 {0} 个",
    "support in {} of {} slots, seen nowhere": "{1} 个时段中 {0} 个任协助，别处不见其踪迹",
    "about {} of {} missing": "{1} 人次中 {0} 人次缺席",
    "{} of {} missing": "{1} 人次中 {0} 人次缺席",
    "about {} of {} whom other rolls of the day call missing": "当日其他点名册记缺席的 {1} 人次中 {0} 人次",
    "{} of {} called whom other rolls of the day call missing": "当日其他点名册记缺席的 {1} 人次中点到 {0} 人次",
    "{} of {} raise the class hours, by {} together": "{1} 次中 {0} 次增加课时，共增 {2} 课时",
    # Oversight.
    "submitted by {}": "{0} 前报送",
    "submitted on {}": "{0} 报送",
    "decided by {}": "{0} 前批复",
    "decided on {}": "{0} 批复",
    "not decided": "未批复",
    "{} of {} schools": "{1} 所学校中 {0} 所",
    "{} schools": "{0} 所",
    "three items with result and evidence": "三项必查内容的结果与佐证",
    "a review scheme in force": "生效的审核办法",
    "{} reviews without one, the first on {}": "无办法审核 {0} 次，首次 {1}",
    "none of {}": "缺{0}",
    "none": "无",
    "a review by {}": "{0} 前审核",
    "not answered": "未答复",
    "answered, and rejected": "已答复，被退回",
    "answered on {}, and not checked": "{0} 答复，未核验",
    "answered on {}": "{0} 答复",
    "checked by somebody who oversees": "由监管人员核验",
    "checked by a person of the school": "由本校人员核验",
    "put right once": "一次整改到位",
    "{} again": "{0}（再次发生）",
    "quality above participation, 1 in all, approved before it begins": "质量权重高于参与率，合计为 1，考核前审定",
    "quality {}, participation {}, in all {}": "质量 {0}、参与率 {1}、合计 {2}",
    "begun on {}": "{0} 开始",
    "approved on {}": "{0} 审定",
    "not approved": "未审定",
    "the views of pupils and parents": "学生与家长的意见",
    "1 appraisal": "1 次考核",
    "{} finalised": "已定 {0} 次",
    "{} drawn": "抽取 {0} 所",
    "a population, a procedure and a seed": "抽样总体、程序与种子",
    "no population": "无抽样总体",
    "no procedure": "无抽样程序",
    "no seed": "无种子",
    "sealed before the first visit": "首次到校前封存",
    "visited on {}": "{0} 到校",
    "sealed on {}": "{0} 封存",
    "no notice before an unannounced visit": "暗访不事先告知",
    "{} told ahead": "{0} 次事先告知",
    "{} visits": "{0} 次到校",
    "{} made": "已到校 {0} 次",
    "acknowledged by {}": "{0} 前受理",
    "acknowledged on {}": "{0} 受理",
    "not acknowledged": "未受理",
    "closed by {}": "{0} 前办结",
    "closed on {} without one": "{0} 办结而无结果",
    "closed on {}": "{0} 办结",
    "not closed": "未办结",
    "a result when it is closed": "办结时有处理结果",
    "handled by the office": "由主管部门处理",
    "handled by the school it is about": "由被投诉学校自行处理",
    "at least {} fen": "至少 {0} 分",
    "at most {} fen": "至多 {0} 分",
    "{} fen by {}": "{1} 前 {0} 分",
    "{} fen recovered": "已追回 {0} 分",
    "an order before the first recovery": "追回前有决定",
    "recovered from {} without an order": "{0} 起追回，无决定",
    "recovered from {}, ordered on {}": "{0} 起追回，{1} 才决定",
    "no award": "不得获奖",
    "an award, and a decision against it": "已获奖，又有取消资格的决定",
    "every office that is named": "通知所列各部门",
    "not leading": "未牵头",
    "not in it": "未参加",
    "no group": "无工作组",
    "{} results to four schemes, with the score of data submission": "{0} 项结果移送四项评价，含数据报送得分",
    "{} not to all of them": "{0} 项未全部移送",
    "{} without the score": "{0} 项缺数据报送得分",
    "in force": "生效",
    "not in force": "未生效",
    "duties not acknowledged": "未签收职责",
    # Where a record is named by its key.
    "sessions/{}/{}": "课次 {1}",
    "duties/{}/{}": "值班 {1}",
}  # fmt: skip
# Of which lists a rule's words may be a code, or its subject.
_CODES: Mapping[str, tuple[str, ...]] = {
    "C01": ("qualification_type", "qualification"),
    "D03": ("deliberation_form",),
    "D09": ("submission_attachment_kind",),
    "D14": ("submission_attachment_kind",),
    "E09": ("fund_category", "payee_kind"),
    "F07": ("staff_role",),
    "G02": ("stage",),
    "G03": ("inspection_item",),
    "G04": ("stage",),
    "G06": ("feedback_audience",),
    "G11": ("stage",),
    "G12": ("office",),
    "G14": ("provision_matter",),
}
_OWN_CODES: Mapping[str, Mapping[str, str]] = {
    "qualification": {"degree/certificate": "学历或资格证书"},
    "inspection_item": {
        "ledger": "工作台账",
        "collective_deliberation": "集体审议",
        "publication_procedure": "校内公示程序",
    },
}
_ONE = r"([^\s,;()（），；]+)"
_HAN = re.compile("[一-鿿]")


def in_chinese(code: str, said: str) -> str:
    """What the statement of the rule `code` says, in Chinese; ids, dates and numbers in it stay as they are."""
    words = said
    for pattern, chinese in _patterns(code):
        words = pattern.sub(chinese, words)
    if not _HAN.search(words):
        return words
    words = re.sub(r" ?\(([^()]*)\)", r"（\1）", words).replace(", ", "，").replace("; ", "；")
    return re.sub("(?<=[一-鿿]): ", "：", words)


def name_in_chinese(code: str, subject: str) -> str:
    """The subject of a finding: the words of a code, where the rule is about one, else as it is."""
    return _codes_of(code).get(subject, subject)


@cache
def _patterns(code: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Phrases, the longer before those that they contain; then the codes that they leave."""
    return tuple(
        (_compiled(english), re.sub(r"\{(\d)\}", lambda place: rf"\g<{int(place[1]) + 1}>", chinese))
        for words in (PHRASES, _codes_of(code))
        for english, chinese in sorted(words.items(), key=lambda pair: -len(pair[0]))
    )


def _codes_of(code: str) -> dict[str, str]:
    return {
        value: label
        for name in _CODES.get(code, ())
        for value, label in (
            _OWN_CODES[name] if name in _OWN_CODES else {each: kept.zh for each, kept in CODE_LISTS[name].items()}
        ).items()
    }


def _compiled(english: str) -> re.Pattern[str]:
    """The phrase as a pattern that is not a part of a longer word, key or address."""
    body = _ONE.join(re.escape(part) for part in english.split("{}"))
    begin = "" if english.startswith("{}") else r"(?<![A-Za-z0-9_./:#-])"
    end = "" if english.endswith("{}") else r"(?![A-Za-z0-9_/#-])"
    return re.compile(begin + body + end)
