/// A report as data: what `HTMLReport` and `MarkdownReport` both render.
///
/// Paragraphs, list items and captions may hold `code` in backticks and `**strong**`; every other text is shown as it is.
public struct ReportDocument: Sendable {
    /// One piece of a report, in reading order.
    public enum Block: Sendable {
        /// A section.
        case heading(String)
        /// A part of a section.
        case subheading(String)
        case paragraph(String)
        case list([String])
        case table(ReportTable)
        case chart(ReportChart)
        /// Preformatted text.
        case code(String)
    }

    public var title: String
    public var subtitle: String
    public var blocks: [Block]

    public init(title: String, subtitle: String = "", blocks: [Block] = []) {
        self.title = title
        self.subtitle = subtitle
        self.blocks = blocks
    }
}

/// A table of texts: the first column names its row and stands left, the others are figures and stand right.
public struct ReportTable: Sendable {
    public var caption: String?
    public var header: [String]
    public var rows: [[String]]
    /// The indices of rows to stand out.
    public var highlighted: Set<Int>

    public init(caption: String? = nil, header: [String], rows: [[String]], highlighted: Set<Int> = []) {
        self.caption = caption
        self.header = header
        self.rows = rows
        self.highlighted = highlighted
    }

    /// Header and rows, all of the same length.
    var grid: (header: [String], rows: [[String]]) {
        let columns = ([header] + rows).map(\.count).max() ?? 0
        func filled(_ cells: [String]) -> [String] { cells + Array(repeating: "", count: columns - cells.count) }
        return (filled(header), rows.map(filled))
    }
}
