"""What real models write, in the page: Markdown and LaTeX, long steps, many of them, and nothing that is hostile."""

import json

import pytest
from traces import LAST, realistic
from conftest import loaded

# Texts of a model that would break out of its place, or keep the browser busy, if they could.
HOSTILE = {
    "markup": "<script>document.title = 'broken'</script><img src=x onerror=\"document.title='broken'\"> **<b>bold</b>**",
    "links": "[click](javascript:document.title='broken') ![i](http://evil.example/x.png) <a href='javascript:1'>x</a>",
    "TeX links": "\\(\\href{javascript:alert(1)}{x}\\) \\(\\url{http://evil.example}\\) \\(\\includegraphics{http://e.example/x}\\)",
    "TeX styles": "\\(\\htmlStyle{position:fixed}{x}\\) \\(\\pmb{x}\\) \\(\\fcolorbox{red}{blue}{x}\\) \\(\\htmlData{a=b}{x}\\)",
    "TeX room": "\\(\\rule{9000em}{9000em}\\) \\(\\raisebox{9000em}{x}\\) \\(\\hspace{-9000em}x\\)",
    "unbalanced": "\\( x + { and $ y and \\[ z **bold and `code\n```\nopen fence",
    "braces": "\\(" + "{" * 1000 + "}" * 1000 + "\\)",
    "roots": "\\(" + "\\sqrt" * 500 + " x\\)",
    "growing macros": "\\(\\def\\a{x}" + "".join(
        "\\def\\" + name + "{" + ("\\" + before) * 9 + "}" for before, name in zip("abcdefg", "bcdefgh")) + "\\h\\)",
    "quotes": "> " * 3000 + "x",
    "lists": "\n".join(" " * (2 * depth) + "- x" for depth in range(300)),
    "stars": "**a " * 10000,
    "backticks": "` `` " * 8000,
    "openers": "\\(" * 20000,
    "dollars": "$a " * 13000,
    "fences": "```\n~~~\n" * 5000,
    "boxes": "\\boxed{" * 5000,
    "tables": "a|b\n-|-\n" * 5000,
    "spaces": "# " + " " * 40000 + "x",
    "a book": "word " * 200000,
    "private letters": "\ue0000\ue001 \ue00099\ue001",
}


@pytest.fixture
def text_of(page, server):
    """The elements of a text, as the page renders it: their names, and what can be read."""
    page.goto(server.url)

    def render(text):
        return page.evaluate(
            """(text) => {
              const begin = performance.now();
              const said = new SaidText(text).element;
              const took = performance.now() - begin;
              document.getElementById("question").replaceChildren(said);
              document.getElementById("question").hidden = false;
              const all = [...said.querySelectorAll("*")];
              let depth = 0;
              for (let row = [said]; row.length; row = row.flatMap((element) => [...element.children])) depth += 1;
              for (const note of said.querySelectorAll("annotation")) note.remove();
              return {
                names: [...new Set(all.map((element) => element.localName))], took, depth,
                attributes: [...new Set(all.flatMap((element) => element.getAttributeNames()))],
                html: said.querySelector(".markdown").innerHTML, text: said.querySelector(".markdown").textContent,
              };
            }""",
            text,
        )

    return render


def test_markdown_becomes_elements(text_of):
    text = text_of("### Step 1\n\n1. **Bold** and *stressed*:\n   - `code`\n   - item\n\n2. two\n\n> quoted\n\n---\n\n"
                   "```python\ndef f():\n    return 1\n```\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n")["html"]
    for part in ("<h5>Step 1</h5>", "<strong>Bold</strong> and <em>stressed</em>", "<li><p><code>code</code></p></li>",
                 "<li><p>two</p></li></ol>", "<blockquote><p>quoted</p></blockquote>", "<hr>",
                 "<pre><code>def f():\n    return 1</code></pre>", '<td class="to-right">2</td>'):
        assert part in text, part


@pytest.mark.parametrize("source", [
    "\\(\\frac{1}{2}\\)", "\\[\\frac{1}{2}\\]", "$\\frac{1}{2}$", "$$\\frac{1}{2}$$", "\\boxed{\\frac{1}{2}}",
    "\\begin{aligned} x &= \\frac{1}{2} \\\\ y &= 3 \\end{aligned}", "- \\[\n- \\frac{1}{2}\n\n= x\n\\]",
])
def test_formulas_of_every_kind_are_mathml(text_of, source):
    shown = text_of(f"So {source} it is.")
    assert "mfrac" in shown["names"] and "\\frac" not in shown["text"]
    assert shown["text"].startswith("So ") and shown["text"].endswith(" it is.")


def test_formulas_as_models_write_them(text_of):
    shown = text_of("\\(20% \\times $50 = $10\\) and \\(\\text{total_eggs} = 3\\) and \\(\\notacommand{x}\\)")
    assert "20%×$50=$10" in shown["text"] and "total_eggs=3" in shown["text"]
    # What is no formula is shown as it was written.
    assert '<code class="formula raw">\\notacommand{x}</code>' in shown["html"]


def test_prices_and_products_are_no_formulas(text_of):
    sentence = "She makes $9 * 2 = $18 a day, from $2 each, 2*3*4 = 24 of them, 2**3**4 and total_number_of_eggs."
    shown = text_of(sentence)
    assert shown["text"] == sentence and shown["names"] == ["div", "p"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_stays_text(text_of, page, name):
    shown = text_of(HOSTILE[name])
    assert not {"script", "img", "a", "b", "iframe", "svg", "style", "mglyph"} & set(shown["names"])
    assert not {"href", "src", "style", "onerror", "id"} & set(shown["attributes"])
    assert page.title() == "SpecSearch"
    # Deep nesting is what browsers lay out badly.
    assert shown["depth"] < 80
    print(f"{name}: {shown['took']:.0f} ms")


def test_hostile_text_is_harmless_everywhere(page, server):
    page.goto(server.url)
    for text in HOSTILE.values():
        trace = realistic(depth=1, drafts=2, beams=1, words=0, last=text, answer=text[:3000], problem=text[:3000])
        loaded(page, trace)
        page.evaluate("page.tree.goTo(page.model.nodes[2])")
    assert page.title() == "SpecSearch"
    assert page.locator("img, a:not(.skip), script:not([src])").count() == 0


def test_long_steps_are_folded_and_can_be_unfolded(page, server):
    page.goto(server.url)
    loaded(page, realistic(words=200))
    step = page.locator("#path > li").nth(1).locator(".said")
    folded = step.bounding_box()["height"]
    assert folded < 200
    step.locator(".more-text").click()
    assert step.bounding_box()["height"] > 1.5 * folded
    assert step.locator(".more-text").get_attribute("aria-expanded") == "true"
    # Short ones are not.
    assert page.locator("#path > li").last.locator(".more-text").count() == 0


def test_a_text_stays_unfolded_while_its_thought_changes(page, server):
    page.goto(server.url)
    loaded(page, realistic(words=900))
    page.evaluate("page.show(2); page.tree.goTo(page.model.nodes[1])")
    page.click("#details .more-text")
    page.evaluate("page.show(20)")
    assert "rejected" in page.text_content("#details") or "accepted" in page.text_content("#details")
    assert page.get_attribute("#details .more-text", "aria-expanded") == "true"


def test_labels_say_something(page, server):
    page.goto(server.url)
    labels = {
        "1. **Calculate the revenue:**\n   9": "Calculate the revenue: 9",
        "### Step 2: Eggs used": "Eggs used",
        "**Step 1:** Find $x$": "Find x",
        "1.\n\n- \\(\\frac{18}{2} \\times 3\\)": "18/2 × 3",
        "```python\nprint(1)\n```": "print(1)",
        "|---|---|\n| a | b |": "a, b",
        "$18 is what she earns": "$18 is what she earns",
        "finds 68: 47+68=115.\n\n": "finds 68: 47+68=115.",
        "\\[\\boxed{18}\\]": "18",
        "  \n": "",
    }
    for text, label in labels.items():
        assert page.evaluate("(text) => labelOf(text)", text) == label


@pytest.mark.parametrize("width", [360, 1300])
def test_labels_and_marks_do_not_overlap(page, server, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(server.url)
    loaded(page, realistic(depth=3).replace('"samples": 2', '"samples": 12'))
    page.evaluate("page.tree.scale(1 / page.tree.zoom)")
    page.wait_for_timeout(100)
    over = page.evaluate("""() => [...document.querySelectorAll(".card")].filter((card) => {
      const box = (name) => card.querySelector(name).getBoundingClientRect();
      return box(".text").right > box(".mark").left && box(".mark").width > 0 || box(".text").right > box(".box").right;
    }).map((card) => card.textContent)""")
    assert over == [] and page.locator(".card .mark", has_text="×12").count() > 0


@pytest.mark.parametrize("width", [390, 1300])
def test_long_answers_keep_their_shape(page, server, width):
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(server.url)
    for answer in ("x" * 300, "The answer is a sentence of many words that goes on and on. " * 6, "\\frac{1}{2}" * 20, "18"):
        loaded(page, realistic(depth=1, answer=answer))
        name = page.locator("#answer span", has_text="Answer").first
        assert name.bounding_box()["height"] < 40
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    loaded(page, realistic(depth=1, answer="\\frac{3}{4}"))
    assert page.locator("#answer mfrac").count() == 1


@pytest.mark.parametrize("size", [(360, 740), (740, 360)])
def test_fit_can_be_read_on_a_phone(page, server, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(server.url)
    loaded(page, realistic(depth=12))
    page.click("#zoom-fit")
    page.wait_for_timeout(100)
    assert page.locator(".card .text").first.bounding_box()["height"] >= 9


def test_a_tree_of_real_size_stays_fluid(page, server):
    page.goto(server.url)
    trace = realistic(depth=20, drafts=24, beams=4, words=120)
    loaded(page, trace)
    nodes = page.evaluate("page.model.drawn.length")
    assert nodes > 1800
    # Only what is near the part that is seen is in the page, however it is moved.
    assert page.locator(".card").count() < 300
    page.evaluate("page.tree.frame.scrollTo(2000, 1500)")
    page.wait_for_timeout(100)
    seen = page.evaluate("""() => {
      const frame = page.tree.frame.getBoundingClientRect();
      return [...document.querySelectorAll(".card")].map((card) => card.getBoundingClientRect())
        .filter((box) => box.right > frame.left && box.left < frame.right && box.bottom > frame.top && box.top < frame.bottom).length;
    }""")
    assert seen > 10 and page.locator(".card").count() < 300
    print(nodes, "nodes, ms each, mean and worst:", json.dumps(page.evaluate(TIMES)))


# What a reader does, timed to the end of the frame that shows it.
TIMES = """async () => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const time = async (count, work) => {
    const times = [];
    for (let index = 0; index < count; index += 1) {
      const begin = performance.now();
      work(index);
      await frame();
      times.push(performance.now() - begin);
    }
    return [times.reduce((a, b) => a + b) / count, Math.max(...times)].map(Math.round);
  };
  const { tree, model, events } = page;
  const times = {
    zoom: await time(10, (index) => tree.scale(index % 2 ? 0.8 : 1.25)),
    pan: await time(20, (index) => tree.frame.scrollTo(index * 80, index * 60)),
    select: await time(15, (index) => tree.goTo(model.nodes[1 + index * 50])),
    event: await time(20, (index) => page.show(events.length - 20 + index)),
  };
  return times;
}"""


def test_the_last_step_is_read_as_it_was_written(page, server):
    page.goto(server.url)
    loaded(page, realistic())
    box = page.locator("#path > li").last.locator("menclose")
    assert box.evaluate("(box) => getComputedStyle(box).borderTopWidth") == "1px"
    assert page.text_content("#answer strong") == "18"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.click("#answer button")
    assert page.evaluate("navigator.clipboard.readText()") == "18"
    page.click("#path-panel .buttons button")
    assert page.evaluate("navigator.clipboard.readText()").endswith(LAST)
