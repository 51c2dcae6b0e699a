"""The press: who prints what, in which format and language, and the code that binds a sheet to the ledger."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Request
from fastapi.responses import Response

from services.reporting.answers import Snapshot, Table
from services.reporting.dependencies import MEDIA_TYPES, AnswerLanguage, AnswerPaper, PaperFormat
from services.reporting.forms.codes import Bound, sealed, sheet_key, tag_of
from services.reporting.forms.wording import either, instant_words
from services.reporting.sheets.form import MOST_ROWS, Binding, Form
from services.reporting.sheets.pdf import pdf_of
from services.reporting.sheets.xlsx import workbook_of
from shared.problems import Language, Refused

# Setting a page takes a processor: two at a time, the others wait their turn.
_HANDS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="press")


@dataclass(frozen=True)
class Press:
    """One request's: format, language, and the address that its codes lead to."""

    format: PaperFormat
    language: Language
    address: str
    printed_at: datetime

    @property
    def on_paper(self) -> bool:
        """Whether a sheet was asked for, and not its data."""
        return self.format in {"xlsx", "pdf"}

    async def bind(
        self,
        connection: asyncpg.Connection,
        chain: Mapping[str, Any],
        *,
        kind: str,
        about: str,
        content: object,
    ) -> Binding:
        """The sheet's code: of this content, at this position of the school's chain."""
        key = await sheet_key(connection)
        bound = Bound(kind, str(chain["school_id"]), about, int(chain["seq"]), tag_of(key, content))
        code = sealed(key, bound)
        position = f"{chain['seq']} ({str(chain['head'])[:12]})"
        at = instant_words(self.printed_at)
        words = either(
            self.language,
            f"由课后服务工作台账生成，台账链位 {position}，打印时间 {at}。扫码或打开下列网址可核对本表与台账是否仍然一致（不显示姓名和金额）。",
            f"Printed from the ledger at chain position {position} on {at}. The code and the address below tell whether this "
            "sheet still equals the ledger; they show no names and no amounts.",
        )
        return Binding(f"{self.address}/verify/{code}", code, words)

    async def hand_out(self, snapshot: Snapshot, form: Form, *, name: str) -> Response:
        """The form as workbook or PDF; raises Refused (422) for more rows than paper is for."""
        if sum(len(table.rows) for table in form.tables) > MOST_ROWS:
            raise Refused("invalid_parameter", name="format", reason=f"more than {MOST_ROWS} rows; ask for csv")
        made = await asyncio.get_running_loop().run_in_executor(
            _HANDS, lambda: workbook_of(form) if self.format == "xlsx" else pdf_of(form, printed_at=self.printed_at)
        )
        return snapshot.tagged(
            Response(
                made,
                media_type=MEDIA_TYPES[self.format],
                headers={
                    "Content-Disposition": f'attachment; filename="{name}.{self.format}"',
                    "X-Content-Type-Options": "nosniff",
                },
            )
        )

    async def answer(self, snapshot: Snapshot, form: Form, body: Mapping[str, Any], table: Table) -> Response:
        """A document in the format that was asked for; `table`: its lines as CSV."""
        if self.on_paper:
            return await self.hand_out(snapshot, form, name=table.name)
        binding = form.binding
        printed = None if binding is None else {"code": binding.code, "verify": binding.url}
        return snapshot.answer({**body, "sheet": printed}, table)


async def _press(request: Request, format_: AnswerPaper, language: AnswerLanguage) -> Press:
    public: str | None = request.app.state.page_origin
    address = (public or str(request.base_url)).rstrip("/")
    return Press(format_, language, address, datetime.now(UTC))


AnswerPress = Annotated[Press, Depends(_press)]
