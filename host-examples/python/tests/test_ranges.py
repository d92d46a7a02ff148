"""The oldest wasmtime and the oldest Django that pyproject.toml declares. All other tests run with the newest."""

import os
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from .support import FOLDER, run

OLDEST = {"wasmtime": "27.0.2", "Django": "3.2.25"}
"""The first version of each that is declared, or its last correction."""


class Oldest(unittest.TestCase):
    def run_with(self, package: str, *tests: str) -> None:
        with TemporaryDirectory() as folder:
            pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", folder]
            installed = run(*pip, f"{package}=={OLDEST[package]}")
            self.assertEqual(installed.returncode, 0, installed.stderr)
            (found,) = Path(folder).glob(f"{package}-*.dist-info")
            self.assertEqual(found.name, f"{package}-{OLDEST[package]}.dist-info")
            # An installed package is found there first.
            places = {
                "XDG_CACHE_HOME": os.path.join(folder, "cache"),
                "SITE_DATABASE": os.path.join(folder, "site.sqlite"),
            }
            ran = run("-m", "unittest", *tests, PYTHONPATH=folder, **places)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertRegex(ran.stderr, r"Ran [0-9]{2,} tests in .*\n\nOK\n$")

    def test_they_are_those_that_are_declared(self) -> None:
        declared = (FOLDER / "pyproject.toml").read_text()
        self.assertIn(f'"wasmtime>={OLDEST["wasmtime"]},', declared)
        self.assertIn(f'"Django>={OLDEST["Django"].rpartition(".")[0]}"', declared)

    def test_the_package_works_with_the_oldest_wasmtime(self) -> None:
        names = ["bindings", "functions", "errors", "async", "stories"]
        self.run_with("wasmtime", *(f"tests.test_{name}" for name in names))

    def test_the_app_works_with_the_oldest_django(self) -> None:
        names = ["Tutorial", "Requests", "Outcomes", "Callbacks", "Operating"]
        self.run_with("Django", *(f"tests.test_django.{name}" for name in names))
