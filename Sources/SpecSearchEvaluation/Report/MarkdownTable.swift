/// A table that reads well as text and as Markdown: the first column to the left, the others to the right.
///
/// Cells are taken as they are; a row that is too short is filled up.
public struct MarkdownTable: Sendable {
    public var header: [String]
    public var rows: [[String]]

    public init(header: [String], rows: [[String]]) {
        self.header = header
        self.rows = rows
    }

    public var lines: [String] {
        let columns = ([header] + rows).map(\.count).max() ?? 0
        let grid = ([header] + rows).map { $0 + Array(repeating: "", count: columns - $0.count) }
        let widths = (0..<columns).map { column in max(grid.map { $0[column].count }.max() ?? 0, 2) }
        func line(_ cells: [String]) -> String {
            let padded = zip(cells, widths).enumerated().map { index, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return index == 0 ? cell.0 + space : space + cell.0
            }
            return "| " + padded.joined(separator: " | ") + " |"
        }
        let rule = widths.enumerated().map { index, width in
            String(repeating: "-", count: width - (index == 0 ? 0 : 1)) + (index == 0 ? "" : ":")
        }
        return [line(grid[0]), line(rule)] + grid.dropFirst().map(line)
    }
}
