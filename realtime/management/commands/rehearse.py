"""`manage.py rehearse SCRIPT`: a synthetic learner practises, from the course page to the gradebook."""

from __future__ import annotations

import asyncio
import json
import os
from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from realtime.rehearsal import script as scripts
from realtime.rehearsal.rehearsal import Stage, rehearse_all
from realtime.rehearsal.result import Result, summary, together
from realtime.rehearsal.script import Script, ScriptError
from realtime.rehearsal.statements import RecordStore
from realtime.rehearsal.voice import Voice, VoiceUnavailable


class Command(BaseCommand):
    help = (
        "A synthetic learner launches an activity from the sandbox LMS, talks with the persona by the script, and "
        f"reads report, gradebook and statements. Scripts: {', '.join(scripts.names())}, or the path of a .yaml file. "
        "The exit status is 0 when the outcome is the script's, the grade is in the gradebook and the statements are "
        "there in order."
    )
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("script", metavar="SCRIPT", help="what the learner says")
        parser.add_argument("--learners", type=int, metavar="N", help="learner1 to learnerN, all at once")
        parser.add_argument("--learner", metavar="NAME", help="another learner than the script's")
        parser.add_argument("--text", action="store_true", help="in writing instead of by voice")
        parser.add_argument("--video", action="store_true", help="the face as video, from a worker that draws it")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output, the rest on error")
        parser.add_argument("--url", default=_tool_url(), help="the tool's address (%(default)s)")
        parser.add_argument("--sandbox-url", default=_sandbox_url(), help="the sandbox LMS's address (%(default)s)")
        parser.add_argument("--timeout", type=float, default=600, metavar="S", help="longest conversation, in seconds")

    def handle(self, *args, **options) -> None:
        try:
            chosen = scripts.load(options["script"])
        except ScriptError as wrong:
            raise CommandError(str(wrong)) from None
        if options["learners"] is not None and options["learners"] < 1:
            raise CommandError("--learners needs a number of at least 1.")
        if options["video"] and options["text"]:
            raise CommandError("--video needs the voice: leave --text out.")
        self._as_json = options["json"]
        learners = [options["learner"] or chosen.learner]
        if options["learners"]:
            learners = [f"learner{number}" for number in range(1, options["learners"] + 1)]
        stage = Stage(
            tool_url=options["url"],
            sandbox_url=options["sandbox_url"],
            voice=None if options["text"] else self._voice(chosen),
            store=_store(),
            timeout=options["timeout"],
            tell=self._tell,
            video=options["video"],
        )
        self._tell(f"{chosen.name}: {chosen.summary}")
        try:
            results = asyncio.run(rehearse_all(chosen, learners, stage))
        except KeyboardInterrupt:
            raise CommandError("Stopped. The conversation ends by itself when its learner stays away.") from None
        self._show(results, several=options["learners"] is not None)
        if not all(result.succeeded for result in results):
            raise SystemExit(1)

    def _voice(self, chosen: Script) -> Voice:
        """The learner's voice with every line ready, so that nothing is synthesised during the conversation."""
        voice = Voice(kept=Path(settings.DATA_DIR) / "rehearsal")
        missing = voice.missing(chosen.lines)
        try:
            for number, line in enumerate(missing, start=1):
                self._tell(f"Synthesising line {number} of {len(missing)}, once: {line.text}")
                voice.prepare(line)
        except VoiceUnavailable as unavailable:
            raise CommandError(str(unavailable)) from None
        except OSError as problem:
            raise CommandError(f"The learner's lines cannot be kept in {settings.DATA_DIR}: {problem}.") from None
        return voice

    def _show(self, results: list[Result], *, several: bool) -> None:
        for result in results:
            self._tell(summary(result))
        if several and len(results) > 1:
            median = together(results)["median_voice_to_voice_ms"]
            self._tell(f"\nAll {len(results)} learners: median voice to voice {median} ms")
        if self._as_json:
            data = together(results) if several else results[0].as_data()
            self.stdout.write(json.dumps(data, ensure_ascii=False, indent=2))

    def _tell(self, line: str) -> None:
        out = self.stderr if self._as_json else self.stdout
        out.write(line, style_func=str)
        out.flush()


def _tool_url() -> str:
    port = os.environ.get("COACHTOOL_PORT")
    return f"http://localhost:{port}" if port and "COACHTOOL_URL" not in os.environ else settings.URL


def _sandbox_url() -> str:
    port = os.environ.get("COACHTOOL_SANDBOX_PORT", "8001")
    return os.environ.get("COACHTOOL_SANDBOX_URL", f"http://127.0.0.1:{port}")


def _store() -> RecordStore | None:
    if not settings.LRS_URL:
        return None
    return RecordStore(settings.LRS_URL, settings.LRS_KEY, settings.LRS_SECRET)
