"""The state machines as a document: `python -m services.cli.machine_book` prints docs/state-machines.md from their tables."""

from collections.abc import Iterator, Mapping

from services.ledger_api.machines import FINDING, Machine, Step
from services.ledger_api.oversight_procedures import MACHINES
from shared.vocabulary import CODE_LISTS

_OPENING = """\
# 状态机 / State machines

Written by `python -m services.cli.machine_book` from the tables that the ledger API acts by; a test holds this page to them.

A document is posted in the state it has reached, with the facts of every step, or it is led through its steps here. Both are
one: `GET /v1/{resource}/{id}` shows its `state`, its `history` (who, when, why, about which content) and what this caller can
do next (`possible`, with what each step needs and what must hold).

```sh
curl -X POST $LEDGER/v1/publications/2025-09/steps -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" \\
  -d '{"step": "deliberate", "deliberation_id": "d1", "content_hash": "…", "on": "2025-10-07"}'
```

- `{id}` is the document's own key, or `SCHOOL_ID/key` where several schools that you see have one of that name.
- `on` is the day on which it was done, today when absent; never in the future, never before the step before it. `why` is the
  reason. The other fields are the step's facts, of the document's own types.
- A step is an entry of the chain that keeps the document; what it says about the document is in the document's next revision,
  in the same commit. Nobody changes it or takes it back. `Idempotency-Key` is honoured; the last step sent again by the same
  client is `unchanged`.
- A step that approves names the hash of what it approves: `content_hash`, which is the document's `content_digest` now, else
  409 `other_content`. It is the SHA-256, in lower-case hex, of the compact JSON (keys sorted, UTF-8, numbers as they are shown)
  of the document's content fields, those that are null or an empty list left out. Which they are is said below; the other
  fields say how far the procedure is.
- A document that was led and is posted again with another content begins anew: its approvals were of another content.
- What is posted with `"draft": true` counts for nothing in reports and rules before it is displayed or submitted.
- A step that is not there from the document's state is answered 409 `no_such_transition`, one that wants for something 409
  `not_ready`, one that is not yours 403 `not_theirs_to_decide`, one about your own work 403 `own_work`. A document that you
  do not see is 404.
"""
_FINDING_STATES = ("open", "acknowledged", "explained", "confirmed", "dismissed", "cleared")


def machine_book() -> str:
    """Markdown: how steps are taken, then each machine with its diagram, its steps and what must never happen."""
    return "\n".join([_OPENING, *(line for machine in MACHINES.values() for line in _machine(machine)), *_finding()])


def _machine(machine: Machine) -> Iterator[str]:
    yield f"\n## {machine.zh} / {machine.en}: `/v1/{machine.resource}`\n"
    yield from _diagram(machine.states, machine.steps, machine.initial)
    yield f"\nContent: {', '.join(f'`{name}`' for name in machine.content)}.\n"
    yield "| step | 步骤 | who may | from | to | needs | must hold |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, step in machine.steps.items():
        yield _row(machine, name, step)
    if machine.must_never:
        yield "\nMust never:\n"
        yield from (f"- {zh} / {en}" for zh, en in machine.must_never)


def _row(machine: Machine, name: str, step: Step) -> str:
    needs = [*step.needs, *(["content_hash"] if step.names_content else []), *(["why"] if step.why else [])]
    may = [f"({each})" for each in step.may]
    leaves = [state for state in machine.states if state in step.leaves]
    conditions = "; ".join(f"{each.zh} / {each.en}" for each in step.conditions)
    cells = (
        f"**{name}**: {step.en}", step.zh, _who(step), ", ".join(leaves), " or ".join([step.to or "stays", *step.or_to]), ", ".join([*needs, *may]) or "–",
        conditions or "–",
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _who(step: Step) -> str:
    return ", ".join(kind for kind in CODE_LISTS["client_kind"] if kind in step.by)


def _diagram(states: Mapping[str, str], steps: Mapping[str, Step], initial: str) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield from (f"    {state}: {state} {zh}" for state, zh in states.items())
    yield f"    [*] --> {initial}"
    for name, step in steps.items():
        for state in states:
            if state in step.leaves:
                yield from (f"    {state} --> {to}: {name}" for to in (step.to or state, *step.or_to))
    yield "```"


def _finding() -> Iterator[str]:
    states = {state: CODE_LISTS["finding_state"][state].zh for state in _FINDING_STATES}
    yield "\n## 发现 / finding: `/v1/findings/{finding_id}/dispositions`\n"
    yield from _diagram(states, FINDING, "open")
    yield "\nOnly the data clears a finding, and opens it again.\n"
    yield "| disposition | 处置 | who may | from | to |"
    yield "| --- | --- | --- | --- | --- |"
    for name, step in FINDING.items():
        leaves = ", ".join(state for state in states if state in step.leaves)
        yield f"| **{name}** | {step.zh} | {_who(step)} | {leaves} | {step.to or 'stays'} |"


if __name__ == "__main__":
    print(machine_book())
