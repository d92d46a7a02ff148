"""The app, with the one loop of the process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.conf import settings as site
from django.core import checks

from ..component import Itsm, module_of
from ..settings import SettingsError, settings

if TYPE_CHECKING:
    from .loop import Loop


class ItsmConfig(AppConfig):
    """Subclass it to give `Itsm` a client of your own, with its proxies and certificates."""

    name = "blueking_itsm.django"
    label = "blueking_itsm"
    verbose_name = "BlueKing ITSM"
    default_auto_field = "django.db.models.BigAutoField"
    _made: tuple[dict[str, str], Loop] | None = None

    def ready(self) -> None:
        from .checks import check_settings, check_urls

        checks.register(check_settings)
        checks.register(check_urls, checks.Tags.urls)

    def new_itsm(self, given: dict[str, str]) -> Itsm:
        """ITSM, for these settings."""
        return Itsm(module_of(given))

    @property
    def loop(self) -> Loop:
        """The loop over the site's database. Settings that tests override make another."""
        from .loop import Loop, Table

        names, made = given(), self._made
        if made is None or made[0] != names:
            made = self._made = names, Loop(self.new_itsm(names), settings(names), Table())
        return made[1]


def given() -> dict[str, str]:
    """The settings whose names begin with ITSM_: those of the site, and of the environment where the site has none."""
    of_site = {name: getattr(site, name) for name in dir(site) if name.startswith("ITSM_")}
    for name, value in of_site.items():
        if not isinstance(value, str):
            raise SettingsError(f"{name} is no text")
    return {**{name: value for name, value in os.environ.items() if name.startswith("ITSM_")}, **of_site}
