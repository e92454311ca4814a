import SpecSearchEvaluation
import Testing

@Suite struct ChartSVGTests {
    private func chart(_ kind: ReportChart.Kind, log: Bool = false) -> ReportChart {
        ReportChart(
            id: "c", title: "A <b> & \"c\"", caption: "`x` \u{1B}[31m**rises**", xLabel: "depth", yLabel: "mean",
            kind: kind,
            xIsLogarithmic: log, yIsLogarithmic: log)
    }

    private func drawing(_ kind: ReportChart.Kind, log: Bool = false, width: Double = ChartSVG.wide) throws -> Markup {
        try Markup(ChartSVG(chart(kind, log: log), width: width).document)
    }

    private func points(_ values: [Double?]) -> [ReportChart.Point] {
        values.enumerated().map { .init(Double($0.offset), $0.element) }
    }

    @Test func `A drawing says what it is, whatever its texts hold`() throws {
        let drawing = try drawing(.lines([.init("a\u{0}<i>", points([1, 2])), .init("b", points([2, 1]))]))
        let svg = try #require(drawing.elements.first)
        #expect(svg.attributes["role"] == "img")
        #expect(svg.attributes["aria-labelledby"] == "chart-title chart-desc")
        #expect(drawing.all("title").first?.text == "A <b> & \"c\"")
        #expect(drawing.all("desc").first?.text == "x \u{FFFD}[31mrises")
        #expect(drawing.all("text").map(\.text).contains("a\u{FFFD}<i>"))
        #expect(drawing.all("style").first?.text.contains("prefers-color-scheme:dark") == true)
    }

    @Test func `A missing point is a gap, and a point alone is marked`() throws {
        let drawing = try drawing(.lines([.init("a", points([1, 2, nil, 3, .nan, 5, 4, 6]))]))
        let lines = drawing.all("path", class: "line").compactMap { $0.attributes["d"] }
        #expect(lines.map { $0.count { $0 == "L" } } == [1, 2])
        let marks = drawing.all("circle", class: "mark")
        #expect(marks.count == 6)
        let heights = marks.compactMap { $0.number("cy") }
        #expect(heights[0] > heights[1] && heights[4] > heights[3])
        #expect(marks.compactMap { $0.number("cx") } == marks.compactMap { $0.number("cx") }.sorted())
    }

    @Test func `Thresholds are dashed and without markers; each series has another sign`() throws {
        let drawing = try drawing(
            .lines([
                .init("a", points([1, 2])), .init("b", points([3, 4])), .init("t", points([2, 2]), isDashed: true),
            ]))
        #expect(drawing.all("path", class: "line").filter { $0.attributes["stroke-dasharray"] != nil }.count == 2)
        #expect(drawing.all("circle", class: "mark").count == 3)
        #expect(drawing.all("path", class: "mark").count == 3)
        #expect(drawing.all("g", class: "s2").count == 2)
    }

    @Test func `Intervals of joined points are a band, of a point alone a whisker`() throws {
        let joined = [0.0, 1].map { ReportChart.Point($0, 5, lower: 4, upper: 6) }
        let drawn = try drawing(.lines([.init("a", joined), .init("b", [.init(0, 2, lower: 3, upper: 1)])]))
        #expect(drawn.all("path", class: "band").count == 1)
        #expect(drawn.all("path", class: "whisker").count == 1)
        #expect(try drawing(.scatter([.init("a", joined)])).all("path", class: "whisker").count == 2)
    }

    @Test func `Stacked bars are as long as their figures and begin where the last one ends`() throws {
        let groups: [ReportChart.BarGroup] = [
            .init("ar", [.init("x", 2), .init("y", 1)]), .init("specsearch", [.init("y", 0.5), .init("z", .nan)]),
        ]
        let bars = try drawing(.bars(groups, stacked: true)).all("rect", class: "fill").filter {
            $0.text.contains(":")
        }
        let shown = bars.compactMap { bar in
            bar.number("x").flatMap { x in bar.number("width").map { (x, $0) } }
        }
        try #require(shown.count == 3)
        #expect(abs(shown[0].1 / shown[1].1 - 2) < 0.01)
        #expect(abs(shown[0].0 + shown[0].1 - shown[1].0) < 0.11)
        #expect(shown[2].0 == shown[0].0)
        #expect(abs(shown[1].1 / shown[2].1 - 2) < 0.01)
    }

    @Test func `Negative parts go the other way`() throws {
        let groups = [ReportChart.BarGroup("a", [.init("up", 3), .init("down", -2)])]
        let drawing = try drawing(.bars(groups, stacked: true))
        let bars = drawing.all("rect", class: "fill").suffix(2).compactMap { $0.number("x") }
        #expect(bars[1] < bars[0])
        #expect(drawing.all("text").map(\.text).contains("1.0"))
    }

    @Test func `A forest plot has each estimate inside its interval, its figures, and the reference`() throws {
        let rows: [ReportChart.IntervalRow] = [
            .init("SpecSearch", value: -0.2, lower: -0.8, upper: 0.4), .init("failed", value: .nan, lower: 0, upper: 1),
        ]
        let drawing = try drawing(.intervals(rows, reference: -1))
        let texts = drawing.all("text").map(\.text)
        #expect(texts.contains("−0.20 [−0.80, 0.40]") || texts.contains("−0.2 [−0.8, 0.4]"))
        #expect(texts.contains("−1") && texts.contains("–"))
        #expect(drawing.all("path", class: "reference").count == 1)
        #expect(drawing.all("path", class: "whisker").count == 3)
        #expect(drawing.all("path", class: "mark").count == 1)
    }

    @Test(arguments: [ChartSVG.wide, ChartSVG.narrow])
    func `Nothing to draw is said; extremes are drawn inside`(width: Double) throws {
        let empty: [ReportChart.Kind] = [
            .lines([]), .scatter([.init("a", [.init(.nan, 1), .init(1, nil)])]), .bars([], stacked: true),
            .bars([.init("a", [.init("x", .infinity)])], stacked: false), .intervals([], reference: 0),
        ]
        for kind in empty {
            #expect(try drawing(kind, width: width).all("text").map(\.text) == ["no data"])
        }
        let long = String(repeating: "many words ", count: 30)
        let extreme: [ReportChart.Kind] = [
            .lines([.init("one", [.init(3, 3)])]), .lines([.init("equal", points([2, 2, 2]))]),
            .lines((0..<12).map { .init("\(long) \($0)", points([1e300, -1e300])) }),
            .bars([.init(long, [.init("x", 0)])], stacked: true),
            .bars([.init("a", [.init("x", 1e300)])], stacked: false),
            .intervals([.init(long, value: 1e-9, lower: 1e-12, upper: 1e12)], reference: nil),
        ]
        for kind in extreme {
            for isLogarithmic in [false, true] {
                let drawing = try drawing(kind, log: isLogarithmic, width: width)
                let box = try #require(drawing.elements.first?.attributes["viewBox"]).split(separator: " ").compactMap {
                    Double($0)
                }
                for text in drawing.all("text") {
                    let (x, y) = (try #require(text.number("x")), try #require(text.number("y")))
                    #expect(x >= 0 && x <= width && y > 0 && y < box[3])
                    #expect(text.text.count * 4 < Int(width) || text.text.hasPrefix(long))
                }
                let shapes = drawing.elements.map { $0.attributes.values.joined() }.joined()
                #expect(!shapes.contains("nan") && !shapes.contains("inf"))
            }
        }
    }
}
