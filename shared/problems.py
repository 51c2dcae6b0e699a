"""The catalogue of errors: what can go wrong, its code, status, and words in Chinese and English. Pure.

Problem
├── Refused        one thing is wrong with the request (sign-in, scope, size, encoding, a state that does not allow it)
└── Invalid        the records of the request are wrong, each place named by a pointer
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["zh", "en"]

# At most so many faults are listed; `error_count` says how many there are.
FAULTS_LISTED = 100
# A body in which so much is wrong is looked at no further.
FAULTS_COUNTED = 10_000


@dataclass(frozen=True)
class Kind:
    """One kind of error: HTTP status, and its words; `{name}` in a text is filled from the fault's values."""

    status: int
    zh: str
    en: str

    def words(self, language: Language) -> str:
        """The text in one language."""
        return self.zh if language == "zh" else self.en


CATALOGUE: Mapping[str, Kind] = {
    # The request as a whole.
    "unauthenticated": Kind(401, "未登录或令牌无效：{reason}", "Not signed in, or the token is not valid: {reason}"),
    "invalid_client": Kind(401, "客户端编号或密钥不对", "The client id or the secret is wrong"),
    "spent_link": Kind(
        401, "登录链接已用过或已过期；请重新取得", "The sign-in link was used or has expired; ask for another"
    ),
    "no_provider": Kind(404, "未设置统一身份认证", "No identity provider is set up"),
    "sign_in_lost": Kind(
        400,
        "这次统一登录已过期，或不是从本浏览器开始的；请重新登录",
        "This sign-in has expired or did not begin in this browser; begin again",
    ),
    "provider_refused": Kind(403, "统一身份认证没有同意登录", "The identity provider signs nobody in"),
    "provider_unavailable": Kind(
        503, "统一身份认证暂时无法使用：{reason}", "The identity provider cannot be used now: {reason}"
    ),
    "id_token_invalid": Kind(
        401, "统一身份认证给出的身份令牌无效：{reason}", "The identity provider's ID token is not valid: {reason}"
    ),
    "role_unknown": Kind(
        403,
        "身份信息（{claim}）中没有可用的角色，或有不止一种",
        "The claim {claim} names no role that is known here, or more than one",
    ),
    "role_without_schools": Kind(
        403, "身份信息（{claim}）中没有学校代码", "The claim {claim} does not name the person's schools"
    ),
    "role_without_stage": Kind(
        403, "身份信息（{claim}）中没有学段", "The claim {claim} does not name the centre's stage"
    ),
    "foreign_page": Kind(
        403, "这个请求来自别的网页，未予办理", "The request comes from another website's page and was not carried out"
    ),
    "unsupported_grant_type": Kind(400, "只支持 client_credentials", "Only client_credentials is supported"),
    "invalid_scope": Kind(400, "该客户端没有权限 {scope}", "The client may not have the scope {scope}"),
    "missing_scope": Kind(403, "令牌缺少权限 {scope}", "The token lacks the scope {scope}"),
    "district_only": Kind(403, "只有区教育局可以写入 {resource}", "Only the bureau may write {resource}"),
    "not_found": Kind(404, "没有这条记录", "There is no such record"),
    "method_not_allowed": Kind(405, "此地址不支持该方法", "This address does not take that method"),
    "not_acceptable": Kind(406, "只能以 {formats} 回答", "Only {formats} can be answered"),
    "unsupported_media_type": Kind(
        415, "不支持的内容类型 {given}；请用 {wanted}", "Content type {given} is not taken; send {wanted}"
    ),
    "unsupported_encoding": Kind(
        415,
        "不支持的内容编码 {given}；请用 gzip、zstd 或不压缩",
        "Content encoding {given} is not taken; send gzip, zstd or none",
    ),
    "body_too_large": Kind(
        413,
        "请求体解压后超过 {limit_mib} MiB；请分批发送",
        "The body is over {limit_mib} MiB unpacked; send it in parts",
    ),
    "truncated_body": Kind(400, "压缩的请求体不完整或已损坏", "The compressed body is cut short or damaged"),
    "stalled_body": Kind(408, "请求体迟迟没有传完；请重新发送", "The body did not arrive in time; send it again"),
    "empty_body": Kind(400, "请求体为空", "The body is empty"),
    "malformed_json": Kind(400, "不是合法的 JSON：{reason}", "Not valid JSON: {reason}"),
    "malformed_csv": Kind(400, "CSV 第 {line} 行无法读取：{reason}", "Line {line} of the CSV cannot be read: {reason}"),
    "precondition_failed": Kind(
        412,
        "记录已不是所说的修订（现在是 {current}）；请重新读取后再试",
        "The record is not at the revision named (it is at {current}); read it again",
    ),
    "invalid_utf8": Kind(
        400, "请求体不是所说的编码（默认 UTF-8）", "The body is not in the encoding named (UTF-8 unless said)"
    ),
    "invalid_parameter": Kind(422, "参数 {name} 不对：{reason}", "The parameter {name} is wrong: {reason}"),
    "invalid_records": Kind(422, "记录有误，未写入任何内容", "Records are wrong; nothing was written"),
    "too_many_requests": Kind(429, "请求过于频繁，请稍后重试", "Too many requests; wait and send again"),
    "busy": Kind(503, "系统繁忙，请稍后重试", "Busy; try again shortly"),
    "stores_unavailable": Kind(
        503, "数据库暂时不可用，请稍后重试", "The database cannot be reached for now; try again shortly"
    ),
    "store_full": Kind(
        503,
        "数据库空间已满，暂时无法写入；请通知管理员，稍后重发",
        "The database is out of space for now; tell whoever runs the server, and send it again later",
    ),
    "http_error": Kind(400, "请求无法处理：{reason}", "The request cannot be handled: {reason}"),
    "internal_error": Kind(500, "系统内部错误，已记录", "Something went wrong here; it has been logged"),
    # One place in a record.
    "invalid_value": Kind(422, "值不对：{reason}", "The value is wrong: {reason}"),
    "missing_field": Kind(422, "缺少字段 {field}", "The field {field} is missing"),
    "unknown_field": Kind(
        422, "未知字段 {field}；最接近的是 {nearest}", "Unknown field {field}; the nearest known one is {nearest}"
    ),
    "repeated_key": Kind(
        422,
        "同一批内重复：{key} 已在第 {first} 条出现；更正请另发一次",
        "{key} is already record {first} of this batch; send a correction in a later request",
    ),
    "repeated_student": Kind(
        422, "学生 {student_id} 在同一名单中出现不止一次", "Pupil {student_id} stands in the roll more than once"
    ),
    "unknown_school": Kind(422, "没有登记学校 {school_id}", "The school {school_id} is not registered"),
    "unknown_term": Kind(422, "没有登记学期 {term_id}", "The term {term_id} is not registered"),
    "unknown_staff": Kind(422, "没有登记参与人员 {staff_id}", "The staff member {staff_id} is not registered"),
    "unknown_student": Kind(
        422, "本校没有登记学生 {student_id}", "The pupil {student_id} is not registered at this school"
    ),
    "unknown_slot": Kind(
        422, "本校本学期没有登记时段 {slot}", "The slot {slot} is not registered for this school and term"
    ),
    "unknown_provider": Kind(422, "没有登记机构 {provider_id}", "The provider {provider_id} is not registered"),
    "overlapping_term": Kind(
        422,
        "与已登记的学期 {term_id} 日期重叠",
        "Its days are those of the term {term_id}, which is registered already",
    ),
    "outside_term": Kind(422, "日期 {date} 不在任何已登记学期内", "The date {date} lies in no registered term"),
    "year_archived": Kind(
        422,
        "日期 {date} 所在学年的台账已归档，不再接收记录；须由管理员先调回",
        "The school year of {date} lies in the archive and takes no records; whoever runs the server can bring it back first",
    ),
    "outside_service": Kind(
        422,
        "{what}不属于课后服务范围（一(一)1：早到校看管、午餐午休看管、晚自习等不得纳入课后服务）",
        "{what} is outside after-school service (一(一)1: early arrival, noon and evening study may not be counted)",
    ),
    "forbidden_kind": Kind(
        422,
        "{what}是禁止的内容（一(一)1：不得刷题备考、讲授新课、集体补课）",
        "{what} is forbidden (一(一)1: no exam drilling, new lessons or collective tutoring)",
    ),
    "too_many_class_hours": Kind(
        422, "课时数 {class_hours} 超过一天 24 小时", "{class_hours} class hours are more than a day has"
    ),
    "too_many_decimals": Kind(422, "{value} 最多两位小数", "{value} has more than two decimal places"),
    "ends_before_it_starts": Kind(
        422, "结束 {ends} 不晚于开始 {starts}", "The end {ends} is not after the start {starts}"
    ),
    "belongs_to_another_school": Kind(409, "编号 {id} 已由其他学校登记", "The id {id} is registered by another school"),
    "holidays_unknown": Kind(
        422,
        "尚无 {year} 年的放假安排；请给出 holidays 与 makeup_days",
        "The holidays of {year} are not known here; give holidays and makeup_days",
    ),
    "reason_needed": Kind(
        422,
        "{date} 的台账已关账、公示或上报（{sealed_by}）；更正请在 reason 写明原因",
        "The record of {date} is closed, published or submitted ({sealed_by}): say in reason why it is corrected",
    ),
    "not_theirs_to_decide": Kind(
        403,
        "{kind} 不可对{thing}作 {action}；可作：{possible}",
        "A {kind} may not {action} a {thing}; it may: {possible}",
    ),
    "no_such_transition": Kind(
        409,
        "{thing}现为 {state}，不可 {action}；现在可以：{possible}",
        "The {thing} is {state}: there is no {action} from there; there is: {possible}",
    ),
    "not_ready": Kind(409, "条件未满足：须{condition}", "It is not ready for this: it must hold that {condition}"),
    "own_work": Kind(
        403, "不得办理自己的事：须{condition}", "Nobody decides about their own work: it must hold that {condition}"
    ),
    "other_content": Kind(
        409,
        "所批准的内容摘要 {given} 与现内容 {current} 不符；请重新读取后再试",
        "The content hash {given} is not that of the document, which is {current} now; read it again",
    ),
    "ambiguous_document": Kind(
        409,
        "不止一所学校有 {resource} {key}；请用 /v1/{resource}/学校标识码/{key}",
        "Several schools have {resource} {key}: say whose, /v1/{resource}/SCHOOL_ID/{key}",
    ),
    "idempotency_key_reused": Kind(
        409,
        "该 Idempotency-Key 已用于另一内容",
        "The Idempotency-Key was used for another content",
    ),
    "finding_not_confirmed": Kind(
        422,
        "发现 {finding_id} 未经核实（现为 {state}）；只有核实的发现可以作为追回依据",
        "The finding {finding_id} is not confirmed (it is {state}): money is recovered on confirmed findings alone",
    ),
    "beyond_determined": Kind(
        422,
        "追回合计 {recovered} 分，超过认定的 {determined} 分",
        "{recovered} fen recovered are more than the {determined} fen that were determined",
    ),
    "indicators_in_use": Kind(
        409,
        "已有学校按指标体系 {indicator_set_id} 考核，指标与权重不可再改；请另立新的体系",
        "Schools were appraised by the set {indicator_set_id}: its indicators and weights change no more; make another set",
    ),
    "malformed_form": Kind(400, "表单无法读取：{reason}", "The form cannot be read: {reason}"),
    "unknown_attachment": Kind(
        422,
        "没有上传过附件 {sha256}；请先上传到 /v1/attachments，由学校自存的材料请写文号或网址",
        "The attachment {sha256} was not uploaded: send it to /v1/attachments first, or name a paper that is kept elsewhere by its number or address",
    ),
    "attachment_damaged": Kind(
        500,
        "附件文件已不是上传时的内容（{reason}）；请通知管理员，或重新上传同一文件",
        "The stored file is no longer what was uploaded ({reason}): tell whoever runs the server, or upload the same file again",
    ),
    "attachments_unavailable": Kind(
        503, "附件库暂时不可用，请稍后重试", "The attachment store cannot be reached for now; try again shortly"
    ),
    "receiver_not_allowed": Kind(422, "不可向该地址推送：{reason}", "Webhooks are not sent there: {reason}"),
    "subscription_disabled": Kind(
        409,
        "该订阅已停用；请先将 state 改为 active",
        "The subscription is disabled: set its state to active first",
    ),
    "too_many_subscriptions": Kind(
        409, "每个客户端最多 {limit} 个订阅", "A client has at most {limit} subscriptions: remove one"
    ),
    "erasure_held": Kind(
        409,
        "还有事项需要知道该学生是谁：{held_by}；办结后再删除",
        "Something still needs to know who the pupil was: {held_by}. Erase when that is done",
    ),
    "case_closed": Kind(
        409,
        "案号 {case_no} 已用于删除另一名学生的信息；请用新的案号",
        "The file {case_no} was used to erase another pupil; give this one a file of its own",
    ),
    "already_void": Kind(409, "这条记录已经作废", "The record is void already"),
}


@dataclass(frozen=True)
class Words:
    """A value of a text that is a word itself, in both languages."""

    zh: str
    en: str


def _filled(text: str, values: Mapping[str, object], language: Language) -> str:
    said = {
        name: value if not isinstance(value, Words) else value.zh if language == "zh" else value.en
        for name, value in values.items()
    }
    return text.format_map(said)


@dataclass(frozen=True)
class Fault:
    """One thing wrong in one place: a JSON pointer into the request and the values its text names."""

    pointer: str
    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    def shown(self, language: Language) -> dict[str, str]:
        """As it stands in a problem's `errors`."""
        detail = CATALOGUE[self.code].words(language).format_map(self.values)
        return {"pointer": self.pointer, "code": self.code, "detail": detail}

    def stored(self) -> dict[str, object]:
        """As it is kept, without a language; `from_stored` gives it back."""
        values = {name: str(value) for name, value in self.values.items()}
        return {"pointer": self.pointer, "code": self.code, "values": values}

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any]) -> "Fault":
        """What `stored` kept."""
        return cls(stored["pointer"], stored["code"], stored["values"])


class Problem(Exception):
    """Anything a caller is told with a status, a code and words (RFC 9457)."""

    def __init__(
        self,
        code: str,
        *,
        faults: Sequence[Fault] = (),
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **values: object,
    ) -> None:
        """`values` fill the code's text; `faults` are the places; `headers` travel with the answer."""
        super().__init__(code)
        self.code = code
        self.faults = tuple(faults)
        self.status = status or CATALOGUE[code].status
        self.headers = dict(headers or {})
        self.values = values

    def shown(self, language: Language, *, instance: str) -> dict[str, object]:
        """The body of the answer, `application/problem+json`."""
        kind = CATALOGUE[self.code]
        # The title is the text up to its first explanation.
        title = re.split("[：（]|: | \\(", kind.words(language), maxsplit=1)[0]
        body: dict[str, object] = {
            "type": f"urn:taizhang:problem:{self.code}",
            "title": _filled(title, self.values, language),
            "status": self.status,
            "detail": _filled(kind.words(language), self.values, language),
            "instance": instance,
            "code": self.code,
        }
        if "possible" in self.values:
            # What can be done instead, by name.
            body["possible"] = [name for name in str(self.values["possible"]).split(", ") if name != "—"]
        if self.faults:
            body["errors"] = [fault.shown(language) for fault in self.faults[:FAULTS_LISTED]]
            body["error_count"] = len(self.faults)
        return body


class Refused(Problem):
    """The request as a whole cannot be taken."""


class Invalid(Problem):
    """Records are wrong; nothing was written. Carries every fault found."""

    def __init__(self, faults: Sequence[Fault], *, status: int | None = None) -> None:
        """`faults`: at least one. A single kind of fault lends the problem its code."""
        codes = {fault.code for fault in faults}
        code = codes.pop() if len(codes) == 1 else "invalid_records"
        super().__init__(code, faults=faults, status=status)
        if code != "invalid_records":
            self.values = dict(faults[0].values)
