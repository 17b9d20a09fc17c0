"""What the sources of a catalogue listed, remembered for a while, failures included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from larkbase_sdk.catalog.skipping import Skipped, each, raise_passing
from larkbase_sdk.catalog.sources import Listing
from larkbase_sdk.errors import LarkBaseError
from larkbase_sdk.ttl_cache import TtlCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from larkbase_sdk.catalog.sources import Source


class Listings:
    """Reads sources at the first use, several at the same time; safe to share between threads."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._cache: TtlCache[Source, Listing] = TtlCache(seconds)

    def of(self, sources: Sequence[Source]) -> list[Listing]:
        """Return the listing of each source.

        A source that cannot be read has a listing that only says so; it is remembered too.

        Raises:
            LarkBaseError: an error that concerns every source, such as refused credentials, or
                one that will soon pass.
        """
        missing = [source for source in sources if not self._cache.is_fresh(source)]
        results = each(lambda source: source.read(), missing)
        read: dict[Source, Listing] = {}
        for source, result in zip(missing, results, strict=True):
            if isinstance(result, LarkBaseError):
                result = _failed(source, result, alone=len(sources) == 1)
            raise_passing(item.error for item in result.skipped)
            self._cache.put(source, result)
            read[source] = result
        return [read.get(source) or self._cache.peek(source) or Listing() for source in sources]

    def require(self, source: Source) -> Listing:
        """Return the listing of one source; an empty one, or a failure, is not taken for granted.

        Raises:
            LarkBaseError: the error that keeps it from being read.
        """
        known = self._cache.peek(source) if self._cache.is_fresh(source) else None
        if known is None or not known.databases:
            known = source.read()
            raise_passing(item.error for item in known.skipped)
            self._cache.put(source, known)
        return known

    def known(self, sources: Iterable[Source]) -> list[Listing] | None:
        """Return the listings if all were read before, however long ago; never calls."""
        found = [self._cache.peek(source) for source in sources]
        known = [listing for listing in found if listing is not None]
        return known if len(known) == len(found) else None

    def are_fresh(self, sources: Iterable[Source]) -> bool:
        """Tell whether all are remembered and not too old; never calls."""
        return all(map(self._cache.is_fresh, sources))

    def unreadable(self, sources: Iterable[Source]) -> list[Skipped]:
        """Return what could not be read the last time; never calls."""
        found = (self._cache.peek(source) for source in sources)
        return [item for listing in found if listing for item in listing.skipped if item.unreadable]

    def forget(self) -> None:
        """Forget them all."""
        self._cache.forget()


def _failed(source: Source, error: LarkBaseError, *, alone: bool) -> Listing:
    if not source.asked_for and not alone:
        # An app without Drive scope is common, and no fault of what was asked for.
        return Listing()
    return Listing(skipped=(Skipped.because(source.label, error),))
