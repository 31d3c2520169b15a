"""Pages as the synthetic learner's browser reads them."""

from realtime.rehearsal.pages import Page

LOBBY = """
<html><head><title>Lobby</title><style>p {}</style></head><body><header>Site</header><main>
<h1>Talk with Ruth</h1><p>You will
  meet <b>Ruth</b>.</p>
<form method="post" action="attempts/start/">
  <input type="hidden" name="csrfmiddlewaretoken" value="t&amp;k">
  <input type="radio" name="modality" value="voice" checked><input type="radio" name="modality" value="text">
  <input type="checkbox" name="microphone"><input type="checkbox" name="camera" disabled>
  <input type="checkbox" name="ai_disclosure" value="v1"> <select id="unnamed"><option>one</option></select>
  <select name="size"><option value="s">S</option><option value="m" selected>M</option></select>
  <textarea name="note">as it is</textarea>
  <button name="go" value="1">Start</button>
</form>
<script type="application/json" id="data">{"socket": "/ws/v/x/", "deep": [{"report": "/r/"}]}</script>
<script>let ignored = "<form action='/no/'>"</script>
</main></body></html>
"""


def lobby():
    return Page("http://localhost:8000/v/x/lobby/", LOBBY)


def test_a_form_is_sent_as_the_person_fills_it_in():
    form = lobby().forms[0]
    assert form.action == "http://localhost:8000/v/x/lobby/attempts/start/"
    assert form.method == "post"
    sent = form.values(modality="text", microphone=False, camera=True, ai_disclosure=True)
    assert sent == [
        ("csrfmiddlewaretoken", "t&k"),
        ("modality", "text"),
        ("ai_disclosure", "v1"),
        ("size", "m"),
        ("note", "as it is"),
    ]


def test_what_is_not_chosen_stays_as_the_page_has_it():
    assert ("modality", "voice") in lobby().forms[0].values(microphone=True)
    assert ("microphone", "on") in lobby().forms[0].values(microphone=True)


def test_a_form_to_fill_in_is_not_sent_by_itself_and_one_of_hidden_fields_is():
    assert not lobby().forms[0].automatic
    html = '<form method="post" action="/auth"><input type=hidden name=state value=s><button>Go on</button></form>'
    assert Page("http://lms/", html).forms[0].automatic
    assert not Page("http://lms/", '<form action="/x"><button>Log out</button></form>').forms[0].automatic


def test_text_is_the_main_part_line_by_line():
    assert lobby().text.split("\n")[:2] == ["Talk with Ruth", "You will meet Ruth."]
    assert "Site" not in lobby().text and "ignored" not in lobby().text


def test_data_for_scripts_is_found_by_how_it_begins():
    assert lobby().find_string("/ws/") == "/ws/v/x/"
    assert lobby().find_string("/r") == "/r/"
    assert lobby().find_string("/none/") is None


def test_a_frame_is_found_with_its_permissions():
    html = '<iframe src="launch/" allow="microphone http://localhost:8000"></iframe>'
    frame = Page("http://lms/courses/1/links/2/", html).frames[0]
    assert frame.src == "http://lms/courses/1/links/2/launch/"
    assert frame.allow.startswith("microphone")
