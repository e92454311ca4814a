/// A report as Markdown, with its charts as files beside it.
public struct MarkdownReport: Sendable {
    public let text: String
    /// The drawings that the text shows, by the names that it calls them.
    public let charts: [(fileName: String, svg: String)]

    public init(_ document: ReportDocument) {
        var slugs = Slugs()
        var charts: [(fileName: String, svg: String)] = []
        var parts = ["# \(Self.escaped(document.title))"]
        if !document.subtitle.isEmpty { parts.append(Self.paragraph(document.subtitle)) }
        for block in document.blocks {
            switch block {
            case .heading(let title): parts.append("## \(Self.escaped(title))")
            case .subheading(let title): parts.append("### \(Self.escaped(title))")
            case .paragraph(let text): parts.append(Self.paragraph(text))
            case .list(let items):
                parts.append(items.map { "- \(Self.paragraph($0))" }.joined(separator: "\n"))
            case .table(let table): parts.append(Self.table(table))
            case .chart(let chart):
                let file = (fileName: slugs.unique(chart.id) + ".svg", svg: ChartSVG(chart).document)
                charts.append(file)
                parts.append("![\(Self.escaped(chart.title))](\(file.fileName))")
                let caption = InlineMarkup(chart.caption).markdown
                parts.append("**\(Self.escaped(chart.title)).**" + (caption.isEmpty ? "" : " " + caption))
            case .code(let text): parts.append(Self.code(text))
            }
        }
        self.text = parts.filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
        self.charts = charts
    }

    private static func table(_ table: ReportTable) -> String {
        let (header, rows) = table.grid
        let cells = rows.enumerated().map { index, row in
            row.map { cell in
                let text = escaped(cell)
                return table.highlighted.contains(index) && !text.isEmpty ? "**\(text)**" : text
            }
        }
        let caption = table.caption.map { [paragraph($0), ""] } ?? []
        return (caption + MarkdownTable(header: header.map(escaped), rows: cells).lines(fitting: .max)).joined(
            separator: "\n")
    }

    /// A fence that no run of backticks inside can close.
    private static func code(_ text: String) -> String {
        let runs = text.split { $0 != "`" }.map(\.count)
        let fence = String(repeating: "`", count: max(3, (runs.max() ?? 0) + 1))
        return "\(fence)\n\(text)\n\(fence)"
    }

    /// Inline markup as a line that begins no other block.
    private static func paragraph(_ text: String) -> String {
        let line = InlineMarkup(text).markdown.drop { $0 == " " }
        if let first = line.first, "#-+=".contains(first) { return "\\" + line }
        let number = line.prefix { $0.isNumber }
        if !number.isEmpty, let mark = line.dropFirst(number.count).first, ".)".contains(mark) {
            return number + "\\" + line.dropFirst(number.count)
        }
        return String(line)
    }

    static func oneLine(_ text: String) -> String {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).joined(separator: " ")
    }

    /// The text on one line, its signs that Markdown or HTML would read as markup escaped.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in oneLine(text) {
            if "\\`*_[]<>&|~$".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
