"""The sample tenant: bases, folders, a wiki node and metadata tables, equal in every run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.emulator.sample_crm import fill_crm
from larkbase_sdk.emulator.sample_small import fill_chinese, fill_hr, fill_metadata, fill_sales
from larkbase_sdk.emulator.sample_types import fill_field_types

if TYPE_CHECKING:
    from larkbase_sdk.emulator.tenant import Tenant

_FIRST_SECOND = 1_735_689_600


def fill_sample(tenant: Tenant) -> None:
    """Fill an empty tenant with the sample bases, folders and files."""
    with tenant.clock.stopped_at(_FIRST_SECOND):
        fill_crm(tenant)
        fill_chinese(tenant)
        fill_hr(tenant)
        fill_field_types(tenant)
        _fill_drive(tenant)
        fill_metadata(tenant)


def _fill_drive(tenant: Tenant) -> None:
    drive = tenant.drive
    sales = drive.folder("Sales")
    sales.add(fill_sales(tenant, "Sales 2025", 2025))
    sales.folder("Archive").add(fill_sales(tenant, "Sales 2024", 2024))
    sales.add_shortcut(tenant.database("CRM"), "CRM (shortcut)")
    sales.add_file("Price list", "sheet")
    sales.add_file("Terms of sale", "docx")
    drive.root.add_file("Read me first", "docx")
    plan = tenant.database("Team Plan")
    plan.table("Tasks", {"Task": ["Plan the fair", "Book the hall"], "Done": [True, None]})
    drive.remove(plan.app_token)  # it lives in the wiki, where no folder lists it
    drive.wiki_node(plan)
