"""A crawl from end to end: read, compare, write, and look again until nothing is left to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_server.crawler.apply import Applier
from larkbase_server.crawler.plan import Rules, drop_plan, make_plan
from larkbase_server.crawler.read_lark import read_source
from larkbase_server.crawler.result import CrawlResult, Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from larkbase_sdk.api import LarkApi
    from larkbase_sdk.options import Options
    from larkbase_server.crawler.apply import State
    from larkbase_server.crawler.glue_calls import GlueCalls
    from larkbase_server.crawler.plan import Plan
    from larkbase_server.crawler.records import LarkSide
    from larkbase_server.crawler.request import CrawlRequest
    from larkbase_server.crawler.source import CrawlSource

MOST_ROUNDS = 5
"""Times that a plan is made at most; more than two are needed only while others write too."""


def crawl(
    api: LarkApi,
    glue: GlueCalls,
    request: CrawlRequest,
    options: Options,
    *,
    lake_formation: bool = False,
) -> CrawlResult:
    """Bring the catalogue in line with a source.

    Args:
        api: Lark.
        glue: Glue.
        request: What to crawl, and whether to write.
        options: Style of the SQL names (``ascii`` for a catalogue that Athena reads) and depth of
            lookups.
        lake_formation: New databases grant nothing.

    Raises:
        LarkBaseError: the source or the catalogue cannot be read; nothing was written then.
    """
    lark = read_source(api, options, request.source, typed=request.retype)
    rules = Rules(options.name_style, request.retype, lake_formation)
    return bring_in_line(lark, glue, rules, dry_run=request.dry_run)


def bring_in_line(
    lark: LarkSide, glue: GlueCalls, rules: Rules, *, dry_run: bool = False
) -> CrawlResult:
    """Bring the catalogue in line with what Lark was found to hold.

    After it has written, the catalogue is read again and compared again: so a plan that another
    crawl has overtaken is made anew, and of two crawls at once the last one to look finds the
    catalogue to be its own. An unchanged catalogue is read once and not written.

    Raises:
        LarkBaseError: the catalogue cannot be read.
    """
    notes = lark.notes
    if not lark.databases:
        notes = (*notes, f"The {lark.source.label} names no database, so nothing is deleted.")
    report = Report(lark.source.label, dry_run, lark.failures, notes)

    def plan() -> Plan:
        return make_plan(lark, glue.describe(lark.source), rules)

    return _carry_out(plan, glue, report)


def drop(source: CrawlSource, glue: GlueCalls, *, dry_run: bool = True) -> CrawlResult:
    """Remove everything that was made from a source, and nothing else; Lark is not asked.

    Raises:
        LarkBaseError: the catalogue cannot be read.
    """
    report = Report(source.label, dry_run)
    return _carry_out(lambda: drop_plan(source, glue.describe(source)), glue, report)


def _carry_out(make: Callable[[], Plan], glue: GlueCalls, report: Report) -> CrawlResult:
    if report.dry_run:
        report.add(make())
        return report.result()
    applier = Applier(glue)
    states: set[State] = set()
    for repeat in range(MOST_ROUNDS):
        if "conflict" in states:
            glue.pause(repeat)
        plan = make()
        outcomes = applier.apply(plan)
        report.add(plan, outcomes)
        states = {outcome.state for outcome in outcomes}
        if not states & {"done", "conflict"}:
            break
    return report.result()
