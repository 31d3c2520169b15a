"""The library of activities, and how it reaches the database."""

from io import StringIO

import pytest
import yaml
from django.core.management import call_command
from django.core.management.base import CommandError

from coachtool.activities.management.commands.load_activities import LIBRARY
from coachtool.activities.models import Activity, ActivityVersion

pytestmark = pytest.mark.django_db


def load(**options) -> str:
    out = StringIO()
    call_command("load_activities", stdout=out, **options)
    return out.getvalue()


def test_every_ready_activity_is_loaded_and_readable():
    load()
    assert set(Activity.objects.values_list("slug", flat=True)) == {path.stem for path in LIBRARY.glob("*.yaml")}
    assert Activity.objects.get(slug="claims-escalation").latest.brief.persona.name == "Ruth"


def test_loading_again_makes_no_new_version():
    load()
    said = load()
    count = len(list(LIBRARY.glob("*.yaml")))
    assert ActivityVersion.objects.count() == count
    assert said.count("unchanged") == count


def test_a_changed_wording_becomes_a_new_version_and_keeps_the_old_one(tmp_path):
    definition = yaml.safe_load((LIBRARY / "claims-escalation.yaml").read_text())
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(definition))
    load(directory=tmp_path)
    definition["opening"] = "Good morning."
    (tmp_path / "claims.yaml").write_text(yaml.safe_dump(definition))
    load(directory=tmp_path)
    versions = Activity.objects.get(slug="claims-escalation").versions.order_by("number")
    assert [version.number for version in versions] == [1, 2]
    assert versions[0].brief.opening != versions[1].brief.opening == "Good morning."


def test_an_activity_that_cannot_be_read_names_its_file_and_field_and_loads_nothing(tmp_path):
    good = yaml.safe_load((LIBRARY / "claims-escalation.yaml").read_text())
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(good))
    good["objectives"][0]["required"] = 9
    (tmp_path / "b.yaml").write_text(yaml.safe_dump(good))
    with pytest.raises(CommandError, match=r"b\.yaml: activity\.objectives\[0\]\.required"):
        load(directory=tmp_path)
    assert not Activity.objects.exists()


def test_a_version_frozen_with_a_field_that_is_gone_stays_readable():
    load()
    version = ActivityVersion.objects.first()
    version.definition = {**version.definition, "retired": "x", "persona": {**version.definition["persona"], "old": 1}}
    assert version.brief.slug == version.definition["slug"]
