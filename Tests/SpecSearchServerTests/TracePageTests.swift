import Checksums
import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Testing

@Suite struct TracePageTests {
    private func page(_ text: String) async throws -> String {
        let log = EventLog()
        let model = TestModel.make()
        _ = try await Search(model.engine, configuration: model.defaults).solve(
            Problem(text: text), onEvent: log.listener)
        return try TracePage.html(SearchTrace(events: log.events))
    }

    @Test func `a page is one file, and a trace's text stays text`() async throws {
        let evil = "</script><script>alert(1)</script><!-- 7"
        let page = try await page(evil)
        #expect(!page.contains("alert(1)</script>"))
        #expect(page.contains("\\u003c/script>\\u003cscript>alert(1)"))
        #expect(!page.contains("src="))
        #expect(!page.contains("rel=\"stylesheet\""))
        #expect(!page.contains("id=\"form\""))
        #expect(page.contains("Content-Security-Policy"))
        #expect(page.ranges(of: "sha256-").count == 2)
    }

    @Test func `two traces stand in one page, the second beside the first`() async throws {
        let log = EventLog()
        let model = TestModel.make()
        _ = try await Search(model.engine, configuration: model.defaults).solve(
            Problem(text: "7 shells"), onEvent: log.listener)
        let trace = SearchTrace(events: log.events)
        #expect(try TracePage.html(trace).ranges(of: "class=\"saved-trace\"").count == 1)
        #expect(try TracePage.html(trace, beside: trace).ranges(of: "class=\"saved-trace\"").count == 2)
    }

    @Test(arguments: ["What is \\(7 + 1\\)?", "She has $7."])
    func `Only a page whose texts may hold formulas carries what draws them`(text: String) async throws {
        let plain = try await page("7 shells")
        let page = try await page(text)
        #expect(!plain.contains(KaTeX.script))
        #expect(page.contains("<script>\(KaTeX.script)</script>"))
        #expect(page.ranges(of: "sha256-").count == 3)
    }

    @Test func `KaTeX is the file that its authors publish`() {
        #expect(SHA256.hexadecimal(SHA256.hash(KaTeX.script.utf8)) == KaTeX.sha256)
        #expect(KaTeX.script.contains("version:\"\(KaTeX.version)\""))
        // It would end the script that it stands in.
        #expect(!KaTeX.script.contains("</script"))
    }
}
