import time
from datetime import date
from services.audit_worker.scope import Scope, widen, TermDates
from services.audit_worker.engine import _rows
from services.audit_worker import rollup
from services.cli.simulator import simulate
from services.cli.sources import sources_of
from tests.cli.test_simulator import lines

async def test_perf(district, tmp_path):
    simulate(schools=6, days=80, seed=3, out=tmp_path, pupils=(900, 1000))
    schools = district.school(*(s["school_id"] for s in lines(tmp_path / "01-schools.ndjson")))
    for source in sources_of([tmp_path]):
        records = lines(source.path)
        for start in range(0, len(records), 2000):
            await schools.post(source.resource, *records[start:start+2000])
    t=time.perf_counter(); await district.audit(); print("AUDIT", time.perf_counter()-t)
    await district.fetch("analyze")
    terms=[TermDates("2025-2026-1", date(2025,9,1), date(2026,1,30))]
    async with district.auditor_pool.acquire() as c:
        print(await c.fetch("select count(*) from audit.recorded_day"), await c.fetch("select * from audit.frontier"))
        for rule in district.rules:
            if rule.code in ("A01","A02","A03","A04","A05","A06","A07","A08","A20","D15","D04","F03"):
                (scope,) = widen([("3101150004", date(2025,11,12))], rule.header.grain, terms)
                best=9
                for _ in range(7):
                    t=time.perf_counter(); rows = await _rows(c, rule, scope, []); best=min(best,time.perf_counter()-t)
                if rule.code in ("A02","A08","A04","A03"):
                    args=dict(school_ids=list(scope.school_ids), staff_ids=[], first_day=scope.first_day, last_day=scope.last_day, **rule.parameters)
                    print("\n".join(r[0] for r in await c.fetch("explain (analyze, buffers off, costs off) " + rule.statement.text, *rule.statement.arguments(args))))
                print("RULE", rule.code, rule.header.grain, round(best*1000,2), len(rows))
        async with c.transaction():
            t=time.perf_counter(); await rollup.rebuild_days(c, [Scope(("3101150004",), date(2025,11,12), date(2025,11,12))]); print("DAYS", (time.perf_counter()-t)*1000)
            t=time.perf_counter(); await rollup.lagging(c); print("LAG", (time.perf_counter()-t)*1000)
