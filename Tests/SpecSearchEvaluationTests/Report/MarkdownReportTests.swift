import SpecSearchEvaluation
import Testing

@Suite struct MarkdownReportTests {
    private func text(_ blocks: [ReportDocument.Block]) -> String {
        MarkdownReport(ReportDocument(title: "t", blocks: blocks)).text
    }

    @Test func `The document, block by block`() {
        let chart = ReportChart(
            id: "Speed/up", title: "Speed-up", caption: "`θ` helps", xLabel: "θ", yLabel: "x",
            kind: .lines([.init("a", [.init(0, 1), .init(1, 2)])]))
        let table = ReportTable(
            caption: "c", header: ["method", "s"], rows: [["ar", "10.5"], ["a|b"]], highlighted: [1])
        let report = MarkdownReport(
            ReportDocument(
                title: "Results", subtitle: "today",
                blocks: [
                    .heading("H"), .subheading("S"), .paragraph("a **b** `c`"), .list(["x", "y"]), .table(table),
                    .chart(chart), .chart(chart), .code("```\nls"),
                ]))
        #expect(
            report.text == """
                # Results

                today

                ## H

                ### S

                a **b** `c`

                - x
                - y

                c

                | method   |    s |
                | -------- | ---: |
                | ar       | 10.5 |
                | **a\\|b** |      |

                ![Speed-up](speed-up.svg)

                **Speed-up.** `θ` helps

                ![Speed-up](speed-up-2.svg)

                **Speed-up.** `θ` helps

                ````
                ```
                ls
                ````

                """)
        #expect(report.charts.map(\.fileName) == ["speed-up.svg", "speed-up-2.svg"])
        #expect(report.charts.allSatisfy { (try? Markup($0.svg)) != nil })
    }

    @Test func `No text becomes markup`() {
        #expect(text([.heading("a\n# b <img> [x](y)")]).contains("## a # b \\<img\\> \\[x\\](y)\n"))
        #expect(text([.paragraph("# no")]).contains("\n\\# no\n"))
        #expect(text([.paragraph("- no")]).contains("\n\\- no\n"))
        #expect(text([.paragraph("1. no")]).contains("\n1\\. no\n"))
        #expect(text([.paragraph("a_b_ *c* $d$ &lt; ~~e~~")]).contains("a\\_b\\_ \\*c\\* \\$d\\$ \\&lt; \\~\\~e\\~\\~"))
    }

    @Test func `A short row is filled, and the first column stands left`() {
        let table = MarkdownTable(header: ["a", "figure"], rows: [["long name", "1"], ["b"]])
        #expect(
            table.lines == [
                "| a         | figure |", "| --------- | -----: |", "| long name |      1 |", "| b         |        |",
            ])
    }

    @Test func `Figures are written alike everywhere`() {
        #expect(FigureText.fixed(-1234.5, 1) == "−1,234.5")
        #expect(FigureText.fixed(-0.001, 2) == "0.00")
        #expect(FigureText.significant(0.123_456) == "0.1235")
        #expect(FigureText.significant(1_234_567) == "1,234,567")
        #expect(FigureText.significant(-1.5) == "−1.5")
        #expect(FigureText.significant(2e-7) == "2.000e-7")
        #expect(FigureText.significant(.nan) == "–")
    }
}
