import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coachtool.embedded import install

ROOT = Path(__file__).resolve().parent.parent.parent


def test_an_old_python_is_refused_in_one_sentence():
    with pytest.raises(install.Refused) as refused:
        install.check_python((3, 9, 2), "/usr/bin/python3")
    assert str(refused.value) == (
        "coachtool needs Python 3.11 or newer and /usr/bin/python3 is 3.9: install a newer one "
        "(apt install python3.11 python3.11-venv) and name it, as in make demo PYTHON=python3.11."
    )
    install.check_python((3, 11, 0), "python3")


def test_an_old_python_can_read_the_file_that_refuses_it():
    import ast

    ast.parse((ROOT / "coachtool/embedded/install.py").read_text(), feature_version=(3, 6))


def test_a_missing_venv_module_names_its_package(monkeypatch):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(install.Refused, match=r"run apt install python3-venv, then start again"):
        install.check_venv((3, 11), "/usr/bin/python3")
    with pytest.raises(install.Refused, match=r"run apt install python3\.12-venv, then start again"):
        install.check_venv((3, 12), "/opt/python3.12")


OFFLINE = """\
WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...): [Errno -3] Temporary failure \
in name resolution': /simple/django/
ERROR: Could not find a version that satisfies the requirement Django==5.2.19 (from versions: none)
ERROR: No matching distribution found for Django==5.2.19
"""
NO_WHEEL = """\
ERROR: Could not find a version that satisfies the requirement av==18.1.0 (from versions: 17.0.0)
ERROR: No matching distribution found for av==18.1.0
"""
CHANGED = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, \
please update the hashes.
    silero-vad==6.2.3 from https://example.org/silero_vad.whl (from -r requirements-weights.txt (line 2)):
        Expected sha256 7b
"""
FULL = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(
    ("log", "sentence"),
    [
        (OFFLINE, "The package index can't be reached"),
        (NO_WHEEL, "There is no ready-made package of av==18.1.0 for Python 3"),
        (OFFLINE[OFFLINE.index("ERROR") :], "The package index does not know Django==5.2.19"),
        (CHANGED, "silero-vad==6.2.3 is not the file that was pinned"),
        (FULL, "The disk is full: make room for 3 GB"),
        ("ERROR: something new\n", "pip could not install the packages (something new)"),
    ],
)
def test_what_pip_says_becomes_one_sentence_that_names_its_log(log, sentence):
    explained = install.explain(log, "/x/install.log")
    assert explained.startswith(sentence)
    assert "/x/install.log" in explained
    assert "\n" not in explained


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A tree of its own with the installer and empty requirements."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / "coachtool/embedded").mkdir(parents=True)
    shutil.copy(ROOT / "coachtool/embedded/install.py", tree / "coachtool/embedded/install.py")
    for name in (install.RUN, install.WEIGHTS, install.TESTS):
        (tree / name).write_text("# nothing\n")
    return tree


def installed(tree: Path, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [os.path.realpath(sys.executable), "coachtool/embedded/install.py"],
        cwd=tree,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_it_installs_once_and_has_nothing_to_do_until_the_requirements_change(tree):
    first = installed(tree)
    assert (first.returncode, first.stderr) == (0, "")
    assert "Making the virtual environment" in first.stdout
    assert (tree / ".venv/bin/python").exists()
    assert installed(tree).stdout == ""
    (tree / install.RUN).write_text("# something else\n")
    again = installed(tree)
    assert "Installing the packages" in again.stdout
    assert "Making the virtual environment" not in again.stdout


def test_without_a_network_one_sentence_says_so_and_nothing_is_taken_for_done(tree):
    (tree / install.RUN).write_text("coachtool-needs-a-network==1.0\n")
    offline = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1", "PIP_CONFIG_FILE": os.devnull}
    for _ in range(2):
        refused = installed(tree, **offline, PIP_EXTRA_INDEX_URL="", PIP_FIND_LINKS="")
        assert refused.returncode == 1
        assert refused.stderr.startswith("The package index can't be reached")
        assert refused.stderr.count("\n") == 1
        assert "coachtool-needs-a-network" in (tree / ".venv/install.log").read_text()
