import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Testing

@Suite struct TracePageTests {
    @Test func `a page is one file, and a trace's text stays text`() async throws {
        let evil = "</script><script>alert(1)</script><!-- 7"
        let log = EventLog()
        let model = TestModel.make()
        _ = try await Search(model.engine, configuration: model.defaults).solve(
            Problem(text: evil), onEvent: log.listener)
        let page = try TracePage.html(SearchTrace(events: log.events))
        #expect(!page.contains("alert(1)</script>"))
        #expect(page.contains("\\u003c/script>\\u003cscript>alert(1)"))
        #expect(!page.contains("src="))
        #expect(!page.contains("rel=\"stylesheet\""))
        #expect(!page.contains("id=\"form\""))
        #expect(page.contains("Content-Security-Policy"))
        #expect(page.ranges(of: "sha256-").count == 2)
    }
}
