"""Traces that are old, cut off, damaged or none at all: a reader gets a sentence, and sees what can be shown."""

import json
import random

import pytest
from conftest import loaded, until
from traces import realistic

# What is no trace, and what the reader is told of it.
NONE = {
    "an old trace": (json.dumps({"started": {"_0": {"version": 1, "problem": {"id": "problem", "text": "x"}}}}), "JSON, but no trace"),
    "another version": (realistic(depth=1).replace('"version": 2', '"version": 1'), "of another version"),
    "text": ("x", "Line 1 is not JSON"),
    "text further down": ("\n\n  \nx", "Line 4 is not JSON"),
    "nothing": ("", "empty"), "white space": ("\n \n", "empty"),
    "JSON": ("null", "JSON, but no trace"), "a list": ("[1, 2]", "JSON, but no trace"),
    "an object": ("{}", "JSON, but no trace"), "a number": ("3", "JSON, but no trace"),
    "a list of a trace's events": (
        json.dumps([json.loads(line) for line in realistic(depth=1).splitlines()]), "JSON, but no trace"),
    "pretty JSON": (json.dumps({"type": "started", "version": 2}, indent=2), "JSON, but no trace"),
    "an OpenAI answer": (
        json.dumps({"id": "chatcmpl-1", "object": "chat.completion", "choices": [{"message": {"content": "x"}}]}), "JSON, but no trace"),
    "other lines of JSON": ('{"question": "x"}\n{"question": "y"}', "line 1 is no event"),
    "a start without a problem": (json.dumps({"type": "started", "version": 2}), 'Line 1 of the trace is damaged ("started" has no valid "problem")'),
    "a start with a strange problem": (json.dumps({"type": "started", "version": 2, "problem": {"text": [1]}}), 'no valid "problem"'),
    "a trace without its start": (realistic(depth=1).split("\n", 1)[1], "its beginning is missing"),
    "bytes": ("\x00\x01\ufffd" * 50, "Line 1 is not JSON"),
}


def opened(page, text):
    page.set_input_files("#file", {"name": "trace.jsonl", "mimeType": "text/plain", "buffer": text.encode()})
    until(page, "document.getElementById('file').value === ''")


def message(page):
    text = page.text_content("#error") if page.is_visible("#error") else ""
    for word in ("undefined", "TypeError", "Cannot read", "is not a", "Unexpected token", "NaN", "[object", "console"):
        assert word not in text
    return text


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_trace_is_refused_in_a_sentence(page, server, name):
    page.goto(server.url)
    text, reason = NONE[name]
    opened(page, text)
    page.wait_for_selector("#error:not([hidden])")
    # What is wrong, and what helps.
    assert reason in message(page)
    assert "version 2" in message(page) and "specsearch solve --trace" in message(page)
    assert page.text_content("#state") == "failed"
    # The page goes on.
    opened(page, realistic(depth=1))
    page.wait_for_selector("#answer:not([hidden])")
    assert message(page) == ""
    # What is shown stays when the next file is none.
    opened(page, text)
    page.wait_for_selector("#error:not([hidden])")
    assert page.is_visible("#answer") and page.text_content("#state") == "replay"


def test_a_trace_that_breaks_off_is_shown_as_far_as_it_goes(page, server):
    page.goto(server.url)
    text = realistic(depth=3)
    opened(page, text[: len(text) // 2])
    page.wait_for_selector("#error:not([hidden])")
    line = text[: len(text) // 2].count("\n") + 1
    assert f"Line {line} of the trace is damaged" in message(page) and "recorded again" in message(page)
    assert page.locator(".card").count() > 5 and page.is_hidden("#answer")


def test_a_trace_without_its_end_says_so(page, server):
    page.goto(server.url)
    opened(page, "\n".join(realistic(depth=2).splitlines()[:7]) + "\n")
    page.wait_for_selector("#error:not([hidden])")
    assert "ends with line 7, before its search did" in message(page) and page.locator(".card").count() > 1


def test_no_damage_makes_the_page_fail(page, server):
    page.goto(server.url)
    chance = random.Random(7)
    whole = [json.loads(line) for line in realistic(depth=2, drafts=3, words=0).splitlines()]
    strange = [None, -1, 1e300, "", "x", [], {}, [None], [-1], [1e9], True, {"models": {"draft": None}}, [[0]]]
    shown = 0
    for event in range(len(whole)):
        for name in whole[event]:
            events = json.loads(json.dumps(whole))
            if chance.random() < 0.3:
                del events[event][name]
            else:
                events[event][name] = chance.choice(strange)
            page.evaluate("(text) => page.guard(() => page.open(text))", "\n".join(map(json.dumps, events)))
            page.evaluate("if (page.events.length) { page.drawFigures(); for (const node of [...page.tree.places]) page.tree.goTo(node);"
                          "page.show(Math.min(1, page.events.length)); page.show(page.events.length); treeAsSVG(page.tree); treeAsJSON(page.model); }")
            shown += message(page) == ""
    # Parts that this page does not read may be damaged without harm.
    assert shown > 20


def test_a_damaged_line_names_itself(page, server):
    page.goto(server.url)
    lines = realistic(depth=1).splitlines()
    for place, part, words in ((-2, {"nodes": [999]}, "names node 999"), (3, {"node": 77}, "node 77 is out of turn"),
                               (-1, {"best": 3}, '"finished" has no valid "best"'), (3, {"parent": 3}, "names node"),
                               (3, {"parent": 10**6}, "names node"), (2, json.loads(lines[0]), "another search begins here"),
                               (-1, {"seconds": -5}, 'no valid "seconds"'), (-1, {"seconds": 1e300}, 'no valid "seconds"')):
        events = [json.loads(line) for line in lines]
        events[place] |= part
        opened(page, "\n".join(map(json.dumps, events)))
        page.wait_for_selector("#error:not([hidden])")
        assert f"Line {place % len(lines) + 1} " in message(page) and words in message(page)


def test_a_very_deep_and_a_very_wide_tree(page, server):
    page.goto(server.url)
    start = realistic(depth=1).split("\n")[0]
    for parents in (range(5000), [0] * 5000):
        thoughts = [{"type": "drafted", "node": number + 1, "parent": parent, "depth": 1, "samples": 1, "text": "so",
                     "tokens": [1], "source": "draft"} for number, parent in enumerate(parents)]
        loaded(page, "\n".join([start, *map(json.dumps, thoughts)]))
        assert page.evaluate("page.tree.places.size") == 5001
        assert page.locator(".card").count() < 300


@pytest.mark.parametrize("body, words", [
    ("<html>502</html>", "status 502"), ("", "status 502"), ("[]", "status 502"), ('{"error": {"message": {}}}', "status 502"),
    ('{"error": {"message": "The engine is gone."}}', "The engine is gone."),
])
def test_answers_of_something_else_than_the_server_are_sentences(page, server, body, words):
    page.goto(server.url)
    page.route("**/v1/searches", lambda route: route.fulfill(status=502, body=body, content_type="text/html"))
    page.click("#ask")
    page.wait_for_selector("#error:not([hidden])")
    assert words in message(page)
    page.faults[:] = [fault for fault in page.faults if "502" not in fault]


@pytest.mark.parametrize("events, words", [
    ("data: {\n\n", "it is not JSON"), ("data: []\n\n", "it is no event"),
    ('data: {"type":"drafted"}\n\n', '"drafted" has no valid'), ("event: failure\ndata: x\n\n", "The search failed."),
    ('event: failure\ndata: {"error":{"message":"No memory left."}}\n\n', "No memory left."),
    ('data: {"type":"selected","depth":0,"nodes":[5]}\n\nevent: end\ndata: {}\n\n', "names node 5"),
])
def test_damaged_events_of_a_live_search_are_sentences(page, server, events, words):
    page.goto(server.url)
    page.route("**/v1/searches", lambda route: route.fulfill(status=202, json={"id": "a"}))
    page.route("**/events", lambda route: route.fulfill(body=events, content_type="text/event-stream"))
    page.click("#ask")
    page.wait_for_selector("#error:not([hidden])")
    assert words in message(page)
    assert page.is_enabled("#ask")


def test_a_branch_that_was_lost_is_shown_as_lost_and_a_repeat_is_counted(page, server):
    page.goto(server.url)
    events = [json.loads(line) for line in realistic(depth=1, drafts=3).splitlines()]
    place = next(index for index, event in enumerate(events) if event["type"] == "scored")
    events[place:place] = [
        {"type": "repeated", "node": 2, "samples": 4},
        {"type": "lost", "role": "prm", "phase": "score", "nodes": [1], "code": "context-overflow", "message": "x", "remedy": "y"},
    ]
    # What is lost has neither a score nor a verdict.
    for event in events[place + 2 :]:
        if event["type"] == "scored":
            event["scores"] = [score for node, score in zip(event["nodes"], event["scores"]) if node != 1]
        if event["type"] in ("scored", "accepted", "rejected"):
            event["nodes"] = [node for node in event["nodes"] if node != 1]
    loaded(page, "\n".join(map(json.dumps, events)))
    assert message(page) == ""
    assert page.evaluate("page.model.nodes[2].samples") == 5
    assert page.locator(".card.is-lost").count() == 1


def test_a_search_without_scores_shows_none(page, server):
    page.goto(server.url)
    events = [json.loads(line) for line in realistic(depth=2, drafts=2).splitlines()]
    loaded(page, "\n".join(json.dumps(event) for event in events if event["type"] != "scored"))
    page.wait_for_selector("#answer:not([hidden])")
    until(page, "document.getElementById('scores').hidden")
    assert "score" not in page.text_content("#answer")
    loaded(page, realistic(depth=2, drafts=2))
    until(page, "!document.getElementById('scores').hidden")
    assert "score" in page.text_content("#answer")
