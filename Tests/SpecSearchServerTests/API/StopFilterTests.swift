import SpecSearchServer
import Testing

@Suite struct StopFilterTests {
    /// Found by the fuzzer: joined with what follows, a stop's letter was no letter of its own any more.
    @Test(arguments: [("What is e\u{301}", "e"), ("a\r\nb", "\n"), ("ab", "b"), ("x", "y"), ("🇩🇪!", "🇪")])
    func `a text ends at the same stop, however it is cut into parts`(text: String, stop: String) {
        let whole = GenerationAnswer.cut(text, at: [stop, "other stop"])
        var filter = StopFilter([stop, "other stop"])
        let parts = text.unicodeScalars.map { filter.pass(String($0)) }
        let passed = parts.joined() + filter.pass("", isLast: true)
        #expect(passed.unicodeScalars.elementsEqual(whole.unicodeScalars))
        #expect(!whole.unicodeScalars.contains { stop.unicodeScalars.contains($0) })
    }
}
