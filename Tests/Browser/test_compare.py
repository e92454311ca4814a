"""Two runs side by side: kept and asked, opened, linked to, and in one file."""

import json
import subprocess

import pytest
from conftest import LONG, PROBLEM, REPOSITORY, answered, ask, loaded, program, until
from traces import realistic

FIRST = realistic(depth=5)
SECOND = realistic(depth=3, drafts=4, answer="19").replace('"seed": 0', '"seed": 7')


def both(page, first=FIRST, second=SECOND):
    page.evaluate("([first, second]) => page.guard(() => page.open(first, second))", [first, second])
    page.wait_for_selector("#kept-tree .card")


def rows(page):
    return {row[0]: tuple(row[1:]) for row in page.evaluate(
        "[...document.querySelectorAll('#difference-rows tr')].map((row) => [...row.children].map((cell) => cell.textContent))")}


def test_a_run_is_kept_and_the_next_one_stands_beside_it(page, server):
    ask(page, server, seed=5, temperature=1.4)
    answered(page)
    thoughts = page.evaluate("page.model.drawn.length - 1")
    first = page.url.split("#search=")[1]
    page.click("#keep")
    page.fill("[name=seed]", "6")
    page.fill("[name=beams]", "3")
    page.click("#ask")
    until(page, "page.lines.length && !page.isLive && !document.getElementById('ask').disabled", 60)
    assert page.is_visible("#kept-tree .card") and page.text_content("#kept-answer strong") == "107"
    table = rows(page)
    assert table["seed"] == ("6", "5") and table["beams"][0] == "3" and table["thoughts"][1] == str(thoughts)
    # Settings that are the same are left out.
    assert "theta" not in table and "method" not in table
    # A link to both survives a reload.
    assert f"beside={first}" in page.url and "search=search-" in page.url
    page.reload()
    answered(page)
    page.wait_for_selector("#kept-tree .card")
    until(page, "document.getElementById('difference-rows').children.length > 5 && !page.figureTimer")
    assert rows(page) == table


def test_two_traces_are_opened_at_once(page, server):
    page.goto(server.url)
    page.set_input_files("#file", [{"name": name, "mimeType": "text/plain", "buffer": text.encode()}
                                   for name, text in (("a.jsonl", FIRST), ("b.jsonl", SECOND))])
    page.wait_for_selector("#kept-tree .card")
    table = rows(page)
    assert table["answer"] == ("18", "19") and table["steps"] == ("5", "3") and table["seed"] == ("0", "7")
    assert page.evaluate("document.querySelector('#difference-rows .differs th').textContent") == "answer"
    # The same problem is not asked twice.
    assert page.is_visible("#question") and page.is_hidden("#kept-question")
    assert page.locator("#path > li").count() == 5 and page.locator("#kept-path > li").count() == 3


def test_thoughts_of_both_can_be_chosen_and_told_apart(page, server):
    page.goto(server.url)
    both(page)
    page.locator("#kept-tree .card.is-winner").nth(1).click()
    assert page.text_content("#details-title") == "Thought of the kept run"
    page.click("#details .fold")
    assert page.evaluate("page.kept.tree.places.size") < page.evaluate("page.kept.model.drawn.length")
    assert page.evaluate("page.tree.places.size") == page.evaluate("page.model.drawn.length")
    page.keyboard.press("Tab")
    page.locator("#tree .card.is-winner").nth(2).click()
    assert page.text_content("#details-title") == "Thought"
    assert page.locator("#kept-tree .card.is-selected").count() == 0
    # Keys work in either.
    page.locator('#kept-tree .card[tabindex="0"]').focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.closest('#kept-tree') !== null")
    assert page.text_content("#details-title") == "Thought of the kept run"


def test_the_two_are_swapped_and_the_kept_one_removed(page, server):
    page.goto(server.url)
    both(page)
    page.locator("#tree .card.is-winner").nth(2).click()
    page.click("#swap")
    assert page.text_content("#answer strong") == "19" and page.text_content("#kept-answer strong") == "18"
    assert rows(page)["seed"] == ("7", "0")
    assert page.text_content("#details") == "Choose a thought in the tree."
    page.click("#forget")
    assert page.is_hidden("#kept") and page.is_hidden("#difference") and page.is_hidden("#kept-path-panel")
    assert page.evaluate("document.activeElement.id") == "keep"
    # What is opened next stands alone.
    loaded(page, FIRST)
    assert page.is_hidden("#kept")


def test_a_search_that_goes_on_can_neither_be_kept_nor_swapped_away(page, server):
    page.goto(server.url)
    loaded(page, FIRST)
    page.click("#keep")
    page.evaluate(f"Page.prototype.request = () => ({json.dumps({'problem': PROBLEM} | LONG)})")
    page.click("#ask")
    page.wait_for_selector("#tree .card:nth-child(5)")
    assert page.is_disabled("#keep") and page.is_disabled("#swap") and page.is_visible("#kept-tree .card")
    page.click("#stop")
    answered(page)
    assert page.is_enabled("#keep") and page.is_enabled("#swap")


def test_another_problem_of_the_kept_run_is_named(page, server):
    page.goto(server.url)
    both(page, second=realistic(depth=2, problem="What is \\(6 \\times 7\\)?"))
    assert page.is_visible("#kept-question math")


def test_a_damaged_second_trace_is_named_and_the_first_is_left_alone(page, server):
    page.goto(server.url)
    loaded(page, FIRST)
    page.evaluate("(text) => page.guard(() => page.open(text, 'x'))", SECOND)
    page.wait_for_selector("#error:not([hidden])")
    assert "Line 1 is not JSON" in page.text_content("#error") and page.text_content("#answer strong") == "18"
    both(page, second=SECOND[: len(SECOND) // 2])
    assert "is damaged" in page.text_content("#error") and rows(page)["answer"] == ("18", "not finished")


def test_a_kept_run_that_is_gone_is_named_and_the_shown_one_stays(page, server):
    ask(page, server)
    answered(page)
    page.goto(f"{page.url}&beside=nothing")
    page.reload()
    answered(page)
    page.wait_for_selector("#error:not([hidden])")
    assert "no such search" in page.text_content("#error") and page.is_hidden("#kept")
    page.faults[:] = [fault for fault in page.faults if "404" not in fault]


@pytest.mark.parametrize("width", [360, 1000, 1500])
def test_both_have_room(page, server, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(server.url)
    both(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    trees = [page.locator(f"#{name}").bounding_box() for name in ("tree", "kept-tree")]
    assert (abs(trees[0]["y"] - trees[1]["y"]) < 200) == (width >= 1000)
    assert trees[0]["width"] == pytest.approx(trees[1]["width"], abs=2)
    # Turning a phone draws both anew.
    page.set_viewport_size({"width": 1500 if width == 360 else 360, "height": 800})
    until(page, "new Set([...document.querySelectorAll('.card .box')].map((box) => box.getAttribute('width'))).size === 1")
    assert page.locator("#kept-tree .box").first.get_attribute("width") == ("240" if width == 360 else "184")


def test_two_traces_in_one_file(browser, tmp_path):
    traces = []
    for seed in ("3", "4"):
        traces.append(tmp_path / f"{seed}.jsonl")
        subprocess.run([program(), "solve", "--example", "--seed", seed, "--trace", traces[-1], "--json"],
                       cwd=REPOSITORY, check=True, capture_output=True)
    file = tmp_path / "both.html"
    subprocess.run([program(), "view", *traces, "--output", file], cwd=REPOSITORY, check=True, capture_output=True)
    context = browser.new_context()
    page = context.new_page()
    faults = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: message.type == "error" and faults.append(message.text))
    page.goto(f"file://{file}")
    page.wait_for_selector("#kept-tree .card")
    seeds = rows(page)["seed"]
    page.click("#swap")
    swapped = rows(page)["seed"]
    context.close()
    assert faults == [] and seeds == ("3", "4") and swapped == ("4", "3")
