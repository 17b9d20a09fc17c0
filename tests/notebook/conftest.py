"""A small base to explore, and hands that press what an explorer shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import ipywidgets
import pytest

from larkbase_sdk import Explorer

STATUSES = ["Open", "Paid", "Shipped"]


@pytest.fixture
def crm(lark_emulator):
    """A base with 180 orders, two further tables, and views, one of a name with quotes."""
    base = lark_emulator.database("CRM")
    orders = base.table(
        "Orders",
        fields=[
            "OrderNo",
            ("Status", "SingleSelect", {"options": STATUSES}),
            ("Amount", "Number", {"formatter": "0.00"}),
            ("Label", "Formula", {"result": "Text"}),
        ],
        rows=[
            {
                "OrderNo": f"A-{i:03d}",
                "Status": STATUSES[i % 3] if i % 10 else None,
                "Amount": float(i),
                "Label": f"{i % 7} of {i}",
            }
            for i in range(180)
        ],
    )
    orders.view("Open orders", conditions=[("Status", "is", ["Open"])])
    orders.view('Ann\'s "best" <b>', conditions=[("Amount", "isGreater", ["149"])])
    base.table("Customers", {"Name": ["Ann", "Budi"]})
    base.table("Order notes", {"Note": ["first"]})
    return base


@pytest.fixture
def calls(lark_emulator) -> Callable[[], int]:
    """Return how many calls were made since the last time that this was asked."""
    seen = 0

    def since() -> int:
        nonlocal seen
        before, seen = seen, lark_emulator.calls.count()
        return seen - before

    return since


@dataclass(frozen=True)
class Hands:
    """What a person can do with an explorer, and what they see."""

    explorer: Explorer

    def _all(self) -> Iterator[Any]:
        waiting = [self.explorer.widget]
        while waiting:
            widget = waiting.pop(0)
            yield widget
            waiting[:0] = getattr(widget, "children", ())

    def button(self, text: str) -> Any:
        """Return the button with this text, whether what is below it is open or not."""
        found = [
            widget
            for widget in self._all()
            if isinstance(widget, ipywidgets.Button) and widget.description.strip("▸▾ ◀▶") == text
        ]
        assert found, f"no button says {text!r}"
        return found[0]

    def press(self, *texts: str) -> None:
        """Press buttons one after another."""
        for text in texts:
            button = self.button(text)
            assert not button.disabled, f"{text!r} cannot be pressed"
            button.click()

    def turn_to(self, title: str) -> None:
        """Bring a tab to the front."""
        tabs = self._one(ipywidgets.Tab)
        tabs.selected_index = tabs.titles.index(title)

    def field(self, hint: str) -> Any:
        """Return the field with this hint in it or above it."""
        return next(
            widget
            for widget in self._all()
            if hint in (getattr(widget, "placeholder", None), getattr(widget, "tooltip", None))
        )

    def enter(self, hint: str) -> None:
        """Press Enter in the field with this hint; the front end then sends this message."""
        message = {"method": "custom", "content": {"event": "submit"}}
        self.field(hint)._handle_msg({"content": {"data": message}, "buffers": []})

    def _one(self, kind: type) -> Any:
        return next(widget for widget in self._all() if isinstance(widget, kind))

    @property
    def html(self) -> str:
        """All HTML that is shown, the style aside."""
        texts = [w.value for w in self._all() if isinstance(w, ipywidgets.HTML)]
        return "\n".join(text for text in texts if not text.startswith("<style>"))

    @property
    def labels(self) -> list[str]:
        """What the buttons of the tree say, from top to bottom."""
        tree = next(
            widget
            for widget in self._all()
            if "larkbase-tree" in getattr(widget, "_dom_classes", ())
        )
        return [button.description for button in tree.children]


@pytest.fixture
def hands() -> Callable[[Explorer], Hands]:
    """Return hands on an explorer."""
    return Hands
