"""What a channel may say in sentinel.yaml: exactly one kind, and that kind's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, create_model, model_validator

from ebank_sentinel.model.settings import NotYet, Strict
from ebank_sentinel.paging.registry import KINDS, NOT_YET


class _OneKind(Strict):
    """One channel: the key is its kind."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in KINDS if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"{' and '.join(given)} are given" if given else "none is given"
            raise ValueError(f"a channel has exactly one kind of {', '.join(KINDS)}: {found}")
        return self

    @property
    def kind(self) -> str:
        """Its name in the registry."""
        return next(name for name in KINDS if getattr(self, name) is not None)

    @property
    def settings(self) -> Strict:
        """What the file says under the kind."""
        chosen: Strict = getattr(self, self.kind)
        return chosen

    @property
    def address_kind(self) -> str | None:
        """Which address of a person it needs; None: it has an address of its own."""
        return KINDS[self.kind].address_kind


if TYPE_CHECKING:

    class ChannelSettings(_OneKind):
        """One channel of sentinel.yaml."""

else:
    _kinds: dict[str, Any] = {
        name: (kind.settings | None, Field(default=None, description=kind.settings.__doc__))
        for name, kind in KINDS.items()
    }
    _later: dict[str, Any] = {name: (NotYet, Field(default=None)) for name in NOT_YET}
    ChannelSettings = create_model(
        "ChannelSettings", __base__=_OneKind, __doc__="One channel of sentinel.yaml.", **_kinds, **_later
    )
