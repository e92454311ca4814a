import SpecSearchEvaluation
import Testing

@Suite struct HTMLReportTests {
    private static let hostile = "<script>alert('1')</script> & \u{1B}[0m\""

    private var document: ReportDocument {
        let chart = ReportChart(
            id: "Time by phase", title: Self.hostile, caption: "Seen: **less** `time`.", xLabel: "s", yLabel: "",
            kind: .bars([.init(Self.hostile, [.init("a", 1.25), .init("b", 2)])], stacked: true))
        return ReportDocument(
            title: Self.hostile, subtitle: "`\(Self.hostile)`",
            blocks: [
                .heading("Main"), .heading("Main"), .heading("Rest"), .subheading(Self.hostile),
                .paragraph(Self.hostile),
                .list([Self.hostile, "a **b** `c**d**` ** `"]), .code(Self.hostile),
                .table(
                    ReportTable(
                        caption: "Caption", header: ["method", Self.hostile], rows: [["ar", "1"], [Self.hostile]],
                        highlighted: [1])), .chart(chart), .chart(chart),
            ])
    }

    @Test func `The page is well-formed, asks for nothing and runs nothing`() throws {
        let text = HTMLReport(document).text
        let page = try Markup(text)
        #expect(page.all("script").isEmpty)
        let policy = page.all("meta").first { $0.attributes["http-equiv"] == "Content-Security-Policy" }
        #expect(
            policy?.attributes["content"]?.hasPrefix("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
                == true)
        for element in page.elements {
            for (name, value) in element.attributes where ["src", "href", "srcset", "data"].contains(name) {
                #expect(value.hasPrefix("#") || value == "data:,")
            }
            #expect(element.attributes.keys.allSatisfy { !$0.hasPrefix("on") && $0 != "style" })
        }
        #expect(!text.contains("url(") && !text.contains("@import") && !text.contains("http://www"))
        #expect(text == HTMLReport(document).text)
    }

    @Test func `Every text is shown as it is`() throws {
        let page = try Markup(HTMLReport(document).text)
        let shown = Self.hostile.replacing("\u{1B}", with: "\u{FFFD}")
        for name in ["title", "h1", "h3", "p", "li", "pre", "figcaption", "tbody"] {
            #expect(page.all(name).contains { $0.text.contains(shown) }, "\(name)")
        }
        let item = try #require(page.all("li").last)
        #expect(item.text == "a b c**d** ** `")
        #expect(page.all("code").map(\.text).contains("c**d**"))
    }

    @Test func `Sections are linked, names are unique, and every reference has its target`() throws {
        let page = try Markup(HTMLReport(document).text)
        let ids = page.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        #expect(page.all("a").map { $0.attributes["href"] } == ["#main", "#main-2", "#rest"])
        let references = page.elements.flatMap {
            ($0.attributes["aria-labelledby"] ?? "").split(separator: " ").map(String.init)
        }
        #expect(!references.isEmpty && Set(references).isSubset(of: ids))
    }

    @Test func `Tables have captions, scopes and full rows`() throws {
        let page = try Markup(HTMLReport(document).text)
        #expect(page.all("caption").map(\.text) == ["Caption"])
        #expect(page.all("tr", class: "highlighted").count == 1)
        #expect(page.all("th").allSatisfy { $0.attributes["scope"] != nil })
        // The table's two rows and one in each chart's figures.
        #expect(page.all("td").map(\.text) == ["1", "", "1.25", "2", "1.25", "2"])
    }

    @Test func `A chart comes for wide and for narrow windows, with its figures`() throws {
        let page = try Markup(HTMLReport(document).text)
        #expect(page.all("figure").map { $0.attributes["id"] } == ["time-by-phase", "time-by-phase-2"])
        #expect(page.all("svg", class: "wide").count == 2 && page.all("svg", class: "narrow").count == 2)
        #expect(page.all("details").count == 2)
        let empty = ReportChart(id: "e", title: "e", caption: "", xLabel: "", yLabel: "", kind: .scatter([]))
        let none = try Markup(HTMLReport(ReportDocument(title: "t", blocks: [.chart(empty)])).text)
        #expect(none.all("svg").count == 2 && none.all("details").isEmpty && none.all("nav").isEmpty)
    }
}
