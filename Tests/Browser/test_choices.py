"""What a reader can choose, keep, take along and reach without a mouse."""

import json
import pathlib
import re
import struct

import pytest
from conftest import answered, ask, loaded, until
from traces import realistic


def test_a_link_to_a_search_survives_a_reload(page, server):
    ask(page, server, seed=5, temperature=1.4)
    answered(page)
    page.locator(".card.is-winner").nth(2).click()
    problem, answer = page.input_value("#problem"), page.text_content("#answer strong")
    cards = page.evaluate("page.tree.places.size")
    assert re.search(r"#search=[\w-]+&node=\d+$", page.url)
    page.reload()
    answered(page)
    assert (page.input_value("#problem"), page.text_content("#answer strong")) == (problem, answer)
    assert page.locator(".card.is-selected.is-winner").count() == 1
    assert page.evaluate("page.tree.places.size") == cards
    assert "winning path" in page.text_content("#details")


def test_a_link_to_a_search_that_is_gone_says_so(page, server):
    for name in ("nothing", "..%2F..%2Fmetrics"):
        page.goto(f"{server.url}/#search={name}")
        page.reload()
        page.wait_for_selector("#error:not([hidden])")
        assert "no such search" in page.text_content("#error")
    page.faults[:] = [fault for fault in page.faults if "404" not in fault]


def test_a_link_that_is_pasted_is_followed(page, server):
    ask(page, server)
    answered(page)
    link = page.url
    loaded(page, realistic(depth=2))
    assert page.url == f"{server.url}/" and page.text_content("#answer strong") == "18"
    page.evaluate("(link) => { location.href = link; }", link)
    until(page, "document.querySelector('#answer strong')?.textContent === '107'")


def test_theme_filter_and_open_parts_are_remembered(page, server):
    page.goto(server.url)
    page.click("#theme")
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.click("summary")
    loaded(page, realistic(depth=3))
    page.select_option("#filter", "path")
    page.click("#figures > summary")
    until(page, "localStorage.length === 4")
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    assert page.is_visible("[name=seed]")
    loaded(page, realistic(depth=3))
    assert page.input_value("#filter") == "path"
    assert page.evaluate("page.tree.places.size") == 4 and page.locator(".card:not(.is-winner)").count() == 0
    assert not page.is_visible("#scores")


def test_the_filter_hides_what_was_not_kept(page, server):
    page.goto(server.url)
    loaded(page, realistic(depth=3))
    everything = page.evaluate("page.tree.places.size")
    page.select_option("#filter", "kept")
    assert page.locator(".card.is-rejected").count() == 0
    assert 4 < page.evaluate("page.tree.places.size") < everything
    # A chosen thought that is hidden leaves the keyboard where it can go on.
    page.select_option("#filter", "all")
    page.locator(".card.is-rejected").first.click()
    page.select_option("#filter", "kept")
    assert page.locator('.card[tabindex="0"]').count() == 1


def test_what_follows_a_thought_can_be_folded(page, server):
    page.goto(server.url)
    loaded(page, realistic(depth=3))
    everything = page.evaluate("page.tree.places.size")
    page.locator(".card.is-winner").nth(1).click()
    page.click("#details .fold")
    folded = page.evaluate("page.tree.places.size")
    assert folded < everything and "folded" in page.locator(".card.is-selected").get_attribute("aria-label")
    assert "folded=" in page.url
    page.locator(".card.is-selected").focus()
    page.keyboard.press("f")
    assert page.evaluate("page.tree.places.size") == everything and "folded=" not in page.url


def test_wheel_and_pinch_zoom_where_they_point(page, server):
    page.goto(server.url)
    loaded(page, realistic(depth=8))
    page.evaluate("page.tree.scale(1 / page.tree.zoom); page.tree.frame.scrollTo(600, 100)")
    page.wait_for_timeout(100)
    frame = page.locator("#tree").bounding_box()
    x, y = frame["x"] + 300, frame["y"] + 150
    place = "([x, y]) => { const box = page.tree.svg.getBoundingClientRect(); return [(x - box.left) / page.tree.zoom, (y - box.top) / page.tree.zoom]; }"
    before = page.evaluate(place, [x, y])
    page.mouse.move(x, y)
    page.mouse.wheel(0, 120)
    page.wait_for_timeout(100)
    assert page.evaluate("page.tree.zoom") == 1
    page.evaluate("page.tree.frame.scrollTo(600, 100)")
    page.keyboard.down("Control")
    page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    page.wait_for_timeout(100)
    assert page.evaluate("page.tree.zoom") > 1.1
    assert page.evaluate(place, [x, y]) == pytest.approx(before, abs=3)
    assert page.evaluate("visualViewport.scale") == 1
    # Two fingers that part.
    page.evaluate("""() => {
      const box = page.tree.frame.getBoundingClientRect();
      const finger = (type, pointerId, x) => page.tree.frame.dispatchEvent(new PointerEvent(
        type, { pointerType: "touch", pointerId, clientX: box.left + x, clientY: box.top + 100, bubbles: true }));
      finger("pointerdown", 1, 100);
      finger("pointerdown", 2, 200);
      window.zoomBefore = page.tree.zoom;
      finger("pointermove", 2, 300);
      finger("pointerup", 1, 100);
      finger("pointerup", 2, 300);
    }""")
    assert page.evaluate("page.tree.zoom / zoomBefore") == pytest.approx(2, abs=0.6)


def test_the_tree_is_dragged_with_the_mouse(page, server):
    page.goto(server.url)
    loaded(page, realistic(depth=8))
    page.evaluate("page.tree.frame.scrollTo(500, 0)")
    box = page.locator("#tree").bounding_box()
    # Between two columns there is no card.
    x = page.evaluate("""() => { const box = page.tree.svg.getBoundingClientRect(); const column = card.width + card.gapX;
      return box.left + (card.margin + 4 * column - card.gapX / 2) * page.tree.zoom; }""")
    page.mouse.move(x, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(x + 120, box["y"] + 30)
    page.mouse.up()
    assert page.evaluate("page.tree.frame.scrollLeft") == pytest.approx(380, abs=2)


def test_what_is_seen_can_be_taken_along(page, server):
    page.goto(server.url)
    trace = realistic(depth=4).replace('"seed": 0', '"seed": 9007199254740993')
    loaded(page, trace)
    saved = {}
    for name in ("save-svg", "save-png", "save-json", "save"):
        page.evaluate("document.querySelector('.menu').open = true")
        with page.expect_download() as download:
            page.click(f"#{name}")
        saved[name] = pathlib.Path(download.value.path()).read_bytes()
    # Twice as fine as the tree is drawn.
    picture = saved.pop("save-png")
    width, height = struct.unpack(">II", picture[16:24])
    assert picture.startswith(b"\x89PNG") and [width, height] == page.evaluate("[2 * page.tree.size.width, 2 * page.tree.size.height]")
    saved = {name: content.decode() for name, content in saved.items()}
    # The trace is the one that was opened, to the letter: its numbers may have more digits than a browser's.
    assert saved["save"] == trace
    tree = json.loads(saved["save-json"])
    assert tree["answer"] == "18" and len(tree["nodes"]) == page.evaluate("page.model.nodes.length")
    assert sum(node["isOnWinningPath"] for node in tree["nodes"]) == 5
    # The picture stands alone, with all cards and colours.
    assert saved["save-svg"].count('class="card') == len(tree["nodes"])
    assert "var(--" not in saved["save-svg"]
    page.goto("about:blank")
    parsed = page.evaluate("(text) => { const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');"
                           "return [parsed.documentElement.localName, parsed.querySelectorAll('parsererror').length]; }",
                           saved["save-svg"])
    assert parsed == ["svg", 0]


def test_the_link_can_be_copied(page, server):
    ask(page, server)
    answered(page)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click(".menu summary")
    page.click("#copy-link")
    assert page.evaluate("navigator.clipboard.readText()") == page.url and "#search=" in page.url
    page.keyboard.press("Escape")
    assert not page.is_visible("#copy-link")
    assert page.evaluate("document.activeElement.textContent") == "Export"


def test_traces_can_be_dropped_on_the_page(page, server):
    page.goto(server.url)
    page.evaluate("""(text) => {
      const files = new DataTransfer();
      files.items.add(new File([text], "trace.jsonl"));
      const event = (name) => new DragEvent(name, { dataTransfer: files, bubbles: true, cancelable: true });
      const isTaken = !document.querySelector("main").dispatchEvent(event("dragover"));
      if (isTaken) document.querySelector("main").dispatchEvent(event("drop"));
    }""", realistic(depth=2))
    page.wait_for_selector("#answer:not([hidden])")
    assert page.text_content("#answer strong") == "18"


def test_the_trace_can_be_copied(page, server):
    page.goto(server.url)
    loaded(page, realistic(depth=2))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click(".menu summary")
    page.click("#copy-trace")
    assert page.evaluate("navigator.clipboard.readText()") == realistic(depth=2)


def test_a_wrong_setting_is_shown_though_it_is_folded_away(page, server):
    page.goto(server.url)
    page.evaluate("document.querySelector('[name=theta]').value = '7'")
    assert not page.is_visible("[name=theta]")
    page.click("#ask")
    page.wait_for_selector("[name=theta]")
    assert page.evaluate("document.activeElement.name") == "theta"
    assert page.text_content("#state") == "ready"


def test_seeds_keep_all_their_digits(page, server):
    page.goto(server.url)
    page.evaluate("document.querySelector('[name=seed]').value = '9223372036854775807'")
    assert '"seed":9223372036854775807}' in page.evaluate("JSON.stringify(page.request())")


def test_the_slider_begins_where_there_is_something_to_see(page, server):
    page.goto(server.url)
    loaded(page, realistic(depth=3))
    page.focus("#scrub")
    page.keyboard.press("Home")
    assert page.is_visible("#tree") and not page.is_visible("#answer") and not page.is_visible("#path-panel")
    assert page.evaluate("page.tree.places.size") == 1
    page.keyboard.press("End")
    assert page.is_visible("#answer")


def test_control_enter_asks(page, server):
    page.goto(server.url)
    page.focus("#problem")
    page.keyboard.press("Control+Enter")
    answered(page)
    assert page.text_content("#answer strong") == "107"


def test_letters_and_targets_are_as_large_as_readers_need_them(page, server):
    page.goto(server.url)
    loaded(page, realistic(depth=3, words=200))
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true;")
    # WCAG 2.2, 2.5.8: 24 pixels. (What is opened by its label is as large as that; a slider is the browser's.)
    small = page.evaluate("""() => [...document.querySelectorAll("button, summary, select, input, textarea")]
      .filter((e) => e.checkVisibility() && !["file", "range"].includes(e.type) && e.getBoundingClientRect().height < 24)
      .map((e) => e.id || e.textContent)""")
    assert small == []
    # Letters follow the size that a reader has chosen in the browser.
    session = page.context.new_cdp_session(page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
    until(page, "parseFloat(getComputedStyle(document.documentElement).fontSize) === 30")


@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_every_control_is_reached_and_seen_by_keyboard(browser, server, look):
    context = browser.new_context(viewport={"width": 1300, "height": 900}, **look)
    page = context.new_page()
    page.goto(server.url)
    loaded(page, realistic(depth=3, words=200))
    page.evaluate("page.tree.goTo(page.model.nodes[1]); document.activeElement.blur();"
                  "for (const part of document.querySelectorAll('details')) part.open = true;")
    page.evaluate("document.querySelector('.skip').focus()")
    controls = page.evaluate("""() => [...document.querySelectorAll("button, input, select, textarea, summary, a")]
      .filter((e) => e.checkVisibility() && !e.disabled).map((e) => (e.dataset.number = `${Math.random()}`))""")
    reached, unseen = set(), []
    for _ in range(len(controls) + 40):
        number, name, outline = page.evaluate("""() => { const e = document.activeElement; const place = e.closest(".file") ?? e;
          const look = getComputedStyle(place); const box = e.querySelector?.(".box");
          return [e.dataset?.number, e.id || e.className?.baseVal || e.textContent.slice(0, 20),
            look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 1 || (box && parseFloat(getComputedStyle(box).strokeWidth) > 2)]; }""")
        if number:
            reached.add(number)
        if not outline and name:
            unseen.append(name)
        page.keyboard.press("Tab")
    missed = page.evaluate("(numbers) => numbers.map((n) => document.querySelector(`[data-number='${n}']`)).map((e) => e.id || e.textContent)",
                           [number for number in controls if number not in reached])
    context.close()
    assert missed == [] and unseen == []


def test_with_forced_colours_states_can_be_told_apart(browser, server):
    context = browser.new_context(viewport={"width": 1300, "height": 900}, forced_colors="active")
    page = context.new_page()
    page.goto(server.url)
    loaded(page, realistic(depth=3))
    strokes = page.evaluate("""() => Object.fromEntries([".is-rejected", ".is-accepted:not(.is-winner)", ".is-winner"].map((name) => {
      const look = getComputedStyle(document.querySelector(`.card${name} .box`));
      return [name, [look.stroke, look.strokeDasharray, look.strokeWidth].join()]; }))""")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    letters = page.evaluate("getComputedStyle(document.querySelector('.card .text')).fill")
    context.close()
    assert len(set(strokes.values())) == 3 and letters != ground
