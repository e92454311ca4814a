"""Traces that are whole, but strange: numbers beyond all measure, letters of other scripts, words without end."""

import json
import xml.dom.minidom

import pytest
from conftest import loaded
from traces import realistic


def with_text(text):
    return changed(
        lambda event: event.update({"text": text} if "text" in event else {"answer": text} if event["type"] == "finished"
                                   else {"problem": {"text": text}} if event["type"] == "started" else {}))


def changed(change):
    events = [json.loads(line) for line in realistic(depth=3).splitlines()]
    for event in events:
        change(event)
    return "\n".join(map(json.dumps, events))


def times(value):
    return lambda event: "seconds" in event and event.update(seconds=value)


def scores(value):
    return lambda event: event.update(
        ({"scores": [value] * len(event["scores"])} if "scores" in event else {})
        | ({"threshold": value} if "threshold" in event else {})
        | ({"best": event["best"] | {"score": value}} if "best" in event else {}))


def works(value):
    return lambda event: [work.update(dict.fromkeys(work, value)) for work in event.get("usage", {}).get("models", {}).values()]


def counts(value):
    return lambda event: isinstance(event.get("samples"), int) and event.update(samples=value)


NUMBERS = {
    "no time": times(0), "ages": times(1e15), "no score": scores(0), "huge scores": scores(1e15),
    "log probabilities": scores(-12.3456), "scores below all": scores(-1e15), "no work": works(0), "huge work": works(1e15),
    "many samples": counts(2**53 - 1),
}
TEXTS = {
    "a word of 100 KB": "x" * 100_000, "lines": "a\n" * 5000, "nothing": "", "spaces": " \n\t ",
    "control characters": "\x00\x01\x1b[31mred\x07 \ud800 tail\ufffe", "Hebrew": "שלום עולם, כמה צדפים יש למיה? 47 + 68 = 115",
    "turned round": "\u202eabc def ghi", "accents": "Z" + "\u0301\u0327\u0489" * 300, "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 60,
    "Chinese": "这是一个很长的中文句子没有任何空格也没有标点符号用来测试换行和标签的宽度" * 3,
    "code": "```\n" + "y" * 5000 + "\n```", "a wide table": "|a" * 60 + "|\n" + "|-" * 60 + "|\n" + "|c" * 60 + "|",
    "a script": "<script>document.title = 'broken'</script>",
}


@pytest.mark.parametrize("width", [360, 1300])
@pytest.mark.parametrize("name", [*NUMBERS, *TEXTS])
def test_what_is_strange_keeps_its_place(page, server, name, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(server.url)
    loaded(page, changed(NUMBERS[name]) if name in NUMBERS else with_text(TEXTS[name]))
    page.evaluate("page.tree.scale(1 / page.tree.zoom); page.tree.goTo(page.model.nodes[1]); page.drawFigures()")
    page.wait_for_timeout(50)
    assert page.is_hidden("#error") and page.is_visible("#answer") and page.title() == "SpecSearch"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # Nothing is longer than a reader scrolls.
    assert page.evaluate("document.documentElement.scrollHeight") < 6000
    words = page.evaluate("document.querySelector('main').innerText")
    assert "NaN" not in words and "Infinity" not in words and "undefined" not in words and "[object" not in words
    over = page.evaluate("""() => [...document.querySelectorAll(".card")].filter((card) => {
      const box = (name) => card.querySelector(name).getBoundingClientRect();
      const isOver = (a, b) => box(a).width > 0 && box(b).width > 0 && box(a).right > box(b).left + 0.5;
      return isOver(".text", ".mark") || isOver(".rail", ".score") || box(".text").right > box(".box").right;
    }).length""")
    assert over == 0
    outside = page.evaluate("""() => [...document.querySelectorAll("#scores circle, #timeline .span")].filter((mark) => {
      const [inner, outer] = [mark, mark.ownerSVGElement].map((element) => element.getBoundingClientRect());
      return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
    }).length""")
    assert outside == 0
    # What is saved can be opened by others.
    xml.dom.minidom.parseString(page.evaluate("treeAsSVG(page.tree)").encode())
    json.loads(page.evaluate("treeAsJSON(page.model)"))


def test_right_to_left_text_stands_on_the_right(page, server):
    page.goto(server.url)
    loaded(page, with_text("שלום עולם\n\n- ראשון \\(1 + 2\\)\n\n| א | ב |\n|---|---|\n| 1 | 2 |"))
    side = """(line) => { const range = document.createRange(); range.selectNodeContents(line);
      return line.getBoundingClientRect().right - range.getBoundingClientRect().right; }"""
    assert page.locator("#path p").first.evaluate(side) < 2 and page.locator("#path .table").first.evaluate(side) < 2
    # Formulas are read from the left everywhere.
    assert page.locator("#path .formula").first.evaluate("(formula) => getComputedStyle(formula).direction") == "ltr"
    loaded(page, with_text("So it is"))
    assert page.locator("#path p").first.evaluate(side) > 20


def test_no_mark_turns_what_is_read_round(page, server):
    page.goto(server.url)
    loaded(page, with_text("The answer is \u202e12\u202c"))
    for name in ("#question", "#answer", "#path", "#tree .card:nth-child(2)"):
        assert "\u202e" not in page.locator(name).first.text_content()
    # Copies are what was said.
    assert page.evaluate("page.model.nodes[1].text") == "The answer is \u202e12\u202c"


def test_with_forced_colours_the_button_can_be_read_and_bars_can_be_told_from_their_rails(browser, server):
    context = browser.new_context(forced_colors="active")
    page = context.new_page()
    page.goto(server.url)
    loaded(page, realistic(depth=2))
    ground, letters = page.evaluate("(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.getElementById('ask')))")
    rail, bar = page.evaluate("['.rail', '.bar'].map((name) => getComputedStyle(document.querySelector(`.card.is-accepted ${name}`)).fill)")
    under = page.evaluate("getComputedStyle(document.getElementById('tree')).backgroundColor")
    # No plate is laid under letters that keep their own colours.
    adjust = page.evaluate("getComputedStyle(document.getElementById('ask')).forcedColorAdjust")
    context.close()
    assert adjust == "none" and ground != letters and rail == under and bar != rail
