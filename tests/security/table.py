"""Every view of the tool, and what it says to whom.

A cell is a status ("200", "403") or where it leads ("to attempts:lobby"). Who is
not named in a row is refused with 403. `ids` fills the path's parameters but for
the visit's, which is the asker's own; `data` is what a form sends, valid so that
only who asks makes the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core import signing

from coachtool.attempts import window
from coachtool.attempts.memory_views import UNDO_SALT
from coachtool.attempts.models import Memory
from tests.security.world import INSTRUCTORS, WHO, World

Of = Callable[[World], dict[str, Any]]


def _none(world: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Row:
    view: str
    cells: dict[str, str]
    method: str = "GET"
    ids: Of = _none
    data: Of = _none
    query: Callable[[World], str] = lambda world: ""
    note: str = ""

    @property
    def id(self) -> str:
        return " ".join(part for part in (self.method, self.view, self.note) if part)

    def cell(self, who: str) -> str:
        return self.cells.get(who, "403")


def only(says: str, *who: str) -> dict[str, str]:
    return dict.fromkeys(who, says)


def everybody(says: str) -> dict[str, str]:
    return only(says, *WHO)


LEARNER = ("owner", "address")  # the same person; one of their browsers keeps no cookies
AT_A_LINK = (*LEARNER, "fellow", "elsewhere", *INSTRUCTORS)
OF_THE_COURSE = ("instructor", "neighbour", "picker")
AT_THE_COURSE = ("instructor", "neighbour")  # an instructor sees what was done at any link of the course
TEACHING = (*INSTRUCTORS, "picker")


def _attempt(kind: str) -> Of:
    return lambda world: {"attempt_id": getattr(world, kind).pk}


def _objective(name: str) -> Of:
    return lambda world: {"attempt_id": world.finished.pk, "objective": name}


def _dispute(world: World) -> dict[str, Any]:
    return {"dispute_id": world.dispute.pk}


def _delivery(world: World) -> dict[str, Any]:
    return {"delivery_id": world.delivery.pk}


def _mine(world: World) -> dict[str, Any]:
    return {"slug": world.mine}


def _library(world: World) -> dict[str, Any]:
    return {"slug": world.library}


def _collection(world: World) -> dict[str, Any]:
    return {"collection_id": world.documents.collection_id}


def _document(world: World) -> dict[str, Any]:
    return _collection(world) | {"document_id": world.documents.pk}


def _crawl(world: World) -> dict[str, Any]:
    return _collection(world) | {"crawl_id": world.documents.crawl_id}


def _shared(world: World) -> dict[str, Any]:
    return {"collection_id": world.shared.pk}


def _says(**values: Any) -> Of:
    return lambda world: values


def _invited(world: World) -> dict[str, Any]:
    return {"secret": world.invitation}


def _at_link(world: World) -> str:
    return f"at={world.link.pk}"


START = _says(modality="text", ai_disclosure="1")

ATTEMPTS = (
    Row(
        "attempts:home",
        only("to attempts:conversation", *LEARNER)
        | only("to attempts:lobby", "fellow", "elsewhere")
        | only("to attempts:attempts", *INSTRUCTORS)
        | only("to picking:activities", "picker"),
    ),
    Row("attempts:lobby", only("200", *AT_A_LINK)),
    Row("pool:places", only("200", *AT_A_LINK)),
    Row("attempts:start", only("to attempts:conversation", *AT_A_LINK), "POST", data=START),
    Row("attempts:new_window", only("200", *AT_A_LINK), "POST"),
    # The key is the proof: it is good once and for a minute, in whatever browser.
    Row("attempts:enter_window", everybody("to attempts:lobby"), ids=lambda world: {"key": _key(world)}),
    Row("attempts:enter_window", {}, ids=_says(key="guess"), note="with a guess"),
    Row("attempts:attempts", only("200", *INSTRUCTORS)),
    Row("attempts:conversation", only("200", *LEARNER), ids=_attempt("live")),
    Row("attempts:conversation", only("to attempts:report", *LEARNER), ids=_attempt("finished"), note="over"),
    Row("attempts:report", only("200", *LEARNER, *AT_THE_COURSE), ids=_attempt("finished")),
    Row(
        "attempts:report",
        only("to attempts:conversation", *LEARNER) | only("200", *AT_THE_COURSE),
        ids=_attempt("live"),
        note="before the end",
    ),
    Row("records:statements", only("200", *LEARNER, *AT_THE_COURSE), ids=_attempt("finished")),
)

REVIEW = (
    Row(
        "review:objective",
        only("to attempts:report", *AT_THE_COURSE),
        "POST",
        ids=_objective("agree"),
        data=_says(verdict="met", note=""),
    ),
    Row(
        "review:dispute",
        only("to attempts:report", *LEARNER),
        "POST",
        ids=_objective("agree"),
        data=_says(reason="I said so in my second sentence."),
    ),
    Row("review:withdraw_dispute", only("to attempts:report", *LEARNER), "POST", ids=_dispute),
    Row(
        "review:answer_dispute",
        only("to attempts:report", *AT_THE_COURSE),
        "POST",
        ids=_dispute,
        data=_says(verdict="not_met", answer="You named no date."),
    ),
    Row(
        "review:grade",
        only("to attempts:report", *AT_THE_COURSE),
        "POST",
        ids=_attempt("finished"),
        data=_says(points="80", note=""),
    ),
    Row("review:withdraw_grade", only("to attempts:report", *AT_THE_COURSE), "POST", ids=_attempt("finished")),
)

ESCALATIONS = (
    Row("escalations:page", only("200", *TEACHING)),
    Row(
        "escalations:assign",
        only("to escalations:page", *OF_THE_COURSE),
        "POST",
        ids=lambda world: _escalation(world),
        data=lambda world: {"to": world.teacher.pk, "was": ""},
    ),
    Row(
        "escalations:answer",
        only("to escalations:page", *OF_THE_COURSE),
        "POST",
        ids=lambda world: _escalation(world),
        data=lambda world: {f"{world.escalation.pk}-answer": "Ask me on Thursday."},
    ),
    # By whoever asked, at any link of the course.
    Row("escalations:seen", only("to attempts:lobby", *LEARNER), "POST", ids=lambda world: _escalation(world)),
)

# What is remembered is seen by whom it is about, at any link; nobody else's is touched.
MEMORY = (
    Row("memory:page", only("200", *LEARNER, "fellow", "elsewhere")),
    Row("memory:export", only("200", *LEARNER, "fellow", "elsewhere")),
    Row("memory:forget_all", only("200", *LEARNER, "fellow", "elsewhere"), "POST"),
    Row("memory:forget", only("200", *LEARNER, "fellow", "elsewhere"), "POST", ids=lambda world: _memory(world)),
    Row("memory:correct", only("to memory:page", *LEARNER), "POST", ids=lambda world: _memory(world)),
    Row("memory:restore", only("to memory:page", *LEARNER), "POST", data=lambda world: {"forgotten": _undo(world)}),
)

COURSE = (
    Row("course:dashboard", only("200", *TEACHING)),
    Row("course:dashboard", only("200", *OF_THE_COURSE), query=_at_link, note="of the link"),
    Row("course:table", only("200", *TEACHING)),
    Row("course:table", only("200", *OF_THE_COURSE), query=_at_link, note="of the link"),
    Row(
        "course:point",
        only("200", *OF_THE_COURSE),
        ids=lambda world: {"point_id": world.point},
        query=_at_link,
        note="of the link",
    ),
    Row("course:refresh", only("to course:dashboard", *TEACHING), "POST"),
)

AUTHORING = (
    Row("authoring:new", only("to authoring:begin", *TEACHING), "POST"),
    Row("authoring:begin", only("to authoring:edit", *OF_THE_COURSE), ids=_mine),
    Row("authoring:begin", only("to authoring:edit", *OF_THE_COURSE), "POST", ids=_mine),
    Row("authoring:begin", {}, ids=_library, note="of the library"),
    Row("authoring:copy", only("to authoring:section", *OF_THE_COURSE), "POST", ids=_mine),
    Row("authoring:copy", only("to authoring:section", *TEACHING), "POST", ids=_library, note="of the library"),
    Row("authoring:edit", only("to authoring:section", *OF_THE_COURSE), ids=_mine),
    Row("authoring:edit", {}, ids=_library, note="of the library"),
    Row("authoring:check", only("200", *OF_THE_COURSE), ids=_mine),
    Row("authoring:section", only("200", *OF_THE_COURSE), ids=lambda world: _mine(world) | {"section": "persona"}),
    Row(
        "authoring:section",
        only("to authoring:section", *OF_THE_COURSE),
        "POST",
        ids=lambda world: _mine(world) | {"section": "persona"},
        data=_says(do="theirs"),
    ),
    Row(
        "authoring:section",
        {},
        "POST",
        ids=lambda world: _library(world) | {"section": "persona"},
        data=_says(do="theirs"),
        note="of the library",
    ),
    Row("authoring:preview", only("to attempts:lobby", *OF_THE_COURSE), "POST", ids=_mine),
    Row("authoring:preview", only("to attempts:lobby", *TEACHING), "POST", ids=_library, note="of the library"),
    Row("authoring:back", only("to authoring:check", *OF_THE_COURSE), ids=_mine),
    Row("authoring:back", only("to picking:activities", *TEACHING), ids=_library, note="of the library"),
    Row(
        "authoring:publish",
        only("to authoring:versions", *OF_THE_COURSE),
        "POST",
        ids=_mine,
        data=_says(revision="1", looked="yes", note=""),
    ),
    Row(
        "authoring:publish",
        {},
        "POST",
        ids=_library,
        data=_says(revision="1", looked="yes", note=""),
        note="of the library",
    ),
    Row("authoring:versions", only("200", *OF_THE_COURSE), ids=_mine),
    Row("authoring:versions", only("200", *TEACHING), ids=_library, note="of the library"),
    Row("authoring:text", only("200", *OF_THE_COURSE), ids=lambda world: _mine(world) | {"number": 1}),
    Row(
        "authoring:text",
        only("200", *TEACHING),
        ids=lambda world: _library(world) | {"number": 1},
        note="of the library",
    ),
    Row(
        "authoring:restore",
        only("to authoring:section", *OF_THE_COURSE),
        "POST",
        ids=lambda world: _mine(world) | {"number": 1},
    ),
    Row("authoring:archive", only("to authoring:versions", *OF_THE_COURSE), "POST", ids=_mine),
    Row("authoring:archive", {}, "POST", ids=_library, note="of the library"),
)

OF_THE_TENANT = (*OF_THE_COURSE, "other course")

KNOWLEDGE = (
    Row("knowledge:collections", only("200", *TEACHING)),
    Row("knowledge:collections", only("to knowledge:collection", *TEACHING), "POST", data=_says(name="New")),
    Row("knowledge:collection", only("200", *OF_THE_COURSE), ids=_collection),
    Row("knowledge:collection", only("200", *OF_THE_TENANT), ids=_shared, note="shared"),
    Row(
        "knowledge:rename",
        only("to knowledge:collection", *OF_THE_COURSE),
        "POST",
        ids=_collection,
        data=_says(name="Other"),
    ),
    Row("knowledge:rename", {}, "POST", ids=_shared, data=_says(name="Other"), note="shared"),
    Row("knowledge:delete_collection", only("200", *OF_THE_COURSE), ids=_collection),
    Row("knowledge:delete_collection", only("to knowledge:collections", *OF_THE_COURSE), "POST", ids=_collection),
    Row("knowledge:delete_collection", {}, ids=_shared, note="shared"),
    Row("knowledge:delete_collection", {}, "POST", ids=_shared, note="shared"),
    Row("knowledge:question", only("200", *OF_THE_COURSE), ids=_collection),
    Row("knowledge:question", only("200", *OF_THE_TENANT), ids=_shared, note="shared"),
    Row("knowledge:add_files", only("422", *OF_THE_COURSE), "POST", ids=_collection, note="without a file"),
    Row("knowledge:add_files", {}, "POST", ids=_shared, note="shared"),
    Row("knowledge:add_address", only("422", *OF_THE_COURSE), "POST", ids=_collection, note="an empty form"),
    Row("knowledge:add_address", {}, "POST", ids=_shared, note="shared"),
    Row("knowledge:crawl", only("200", *OF_THE_COURSE), ids=_crawl),
    Row("knowledge:recrawl", only("to knowledge:crawl", *OF_THE_COURSE), "POST", ids=_crawl),
    Row("knowledge:delete_crawl", only("200", *OF_THE_COURSE), ids=_crawl),
    Row("knowledge:delete_crawl", only("to knowledge:collection", *OF_THE_COURSE), "POST", ids=_crawl),
    Row("knowledge:document", only("200", *OF_THE_COURSE), ids=_document),
    Row("knowledge:reread", only("to knowledge:document", *OF_THE_COURSE), "POST", ids=_document),
    Row("knowledge:delete_document", only("200", *OF_THE_COURSE), ids=_document),
    Row("knowledge:delete_document", only("to knowledge:collection", *OF_THE_COURSE), "POST", ids=_document),
)

PICKING = (
    Row("picking:activities", only("200", *TEACHING)),
    Row(
        "picking:use",
        only("to attempts:attempts", *INSTRUCTORS) | only("200", "picker"),
        "POST",
        data=lambda world: {"activity": world.library},
    ),
    Row(
        "picking:use",
        only("to attempts:attempts", "instructor", "neighbour")
        | only("200", "picker")
        | only("422", "other course", "other tenant"),
        "POST",
        data=lambda world: {"activity": world.mine},
        note="of the course",
    ),
    Row("picking:none", only("to picking:activities", *INSTRUCTORS) | only("200", "picker"), "POST"),
    Row(
        "picking:submission",
        only("to attempts:report", *LEARNER, "instructor") | only("200", "neighbour"),
        ids=lambda world: {"person_id": world.owner.pk},
    ),
)

GRADES = (
    Row("grades:status", only("200", *INSTRUCTORS)),
    Row("grades:retry_all", only("to grades:status", *INSTRUCTORS), "POST"),
    Row("grades:retry", only("to grades:status", "instructor"), "POST", ids=_delivery),
    Row("grades:send", only("to grades:status", "instructor"), "POST", ids=_delivery),
    Row("grades:keep", only("to grades:status", "instructor"), "POST", ids=_delivery),
    Row("grades:make_column", only("to grades:status", *INSTRUCTORS), "POST"),
    Row("grades:take_column_away", only("to grades:status", *INSTRUCTORS), "POST"),
)

OPEN = (
    Row("site:landing", everybody("200")),
    Row("site:healthz", everybody("503")),  # the tests run no workers
    Row("realtime:metrics", everybody("404"), note="without a token of the site's"),
    Row("xapi:profile", everybody("200")),
    Row("lti:login", everybody("400"), note="without parameters"),
    Row("lti:login", everybody("400"), "POST", note="without parameters"),
    Row("lti:continue", everybody("403"), note="without a login"),
    Row("lti:launch", everybody("400"), note="without a login"),
    Row("lti:launch", everybody("403"), "POST", data=_says(state="guess", id_token="guess"), note="without a login"),
    Row("lti:jwks", everybody("200")),
    Row("lti:canvas_key", everybody("200")),
    Row("lti:registration", everybody("200")),
    Row("lti:register_open", everybody("403")),
    # The invitation's secret is the proof, whoever has a visit or none.
    Row("lti:invited", everybody("200"), ids=_invited),
    Row("lti:invited", everybody("422"), "POST", ids=_invited, note="an empty form"),
    Row("lti:invited", everybody("404"), ids=_says(secret="guess"), note="with a guess"),
    Row("lti:invited", everybody("404"), "POST", ids=_says(secret="guess"), note="with a guess"),
    Row("lti:register", everybody("400"), ids=_invited, note="without an address"),
    Row("lti:register", everybody("404"), ids=_says(secret="guess"), note="with a guess"),
    Row("lti:fetch_keys", everybody("404"), "POST", ids=_invited, note="nothing is registered yet"),
    Row("lti:fetch_keys", everybody("404"), "POST", ids=_says(secret="guess"), note="with a guess"),
    Row("lti:new_deployments", everybody("404"), "POST", ids=_invited, note="nothing is registered yet"),
    Row("lti:new_deployments", everybody("404"), "POST", ids=_says(secret="guess"), note="with a guess"),
    Row("lti:deployment", everybody("404"), "POST", ids=lambda world: _invited(world) | {"pk": 1}, note="of another"),
    Row("lti:deployment", everybody("404"), "POST", ids=_says(secret="guess", pk=1), note="with a guess"),
)

ROWS = (*ATTEMPTS, *REVIEW, *ESCALATIONS, *MEMORY, *COURSE, *AUTHORING, *KNOWLEDGE, *PICKING, *GRADES, *OPEN)
VISIT_ROWS = tuple(row for row in ROWS if row not in OPEN)

# Every socket, with who may connect.
SOCKETS = {"ws/v/<str:visit_id>/attempts/<uuid:attempt_id>/": LEARNER}


def _escalation(world: World) -> dict[str, Any]:
    return {"escalation_id": world.escalation.pk}


def _memory(world: World) -> dict[str, Any]:
    made = Memory.objects.create(learner=world.owner, attempt=world.finished, kind=Memory.Kind.ENDED, seq=1)
    return {"memory_id": made.pk}


def _undo(world: World) -> str:
    return signing.dumps({"learner": world.owner.pk, "memories": []}, salt=UNDO_SALT)


def _key(world: World) -> str:
    return window.key_for(world.asker("owner").visit)
